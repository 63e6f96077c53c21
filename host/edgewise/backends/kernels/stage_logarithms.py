"""log(1 + x) and exp(x) - 1 that keep the digits of a small x, of the plain functions: not every port has the better ones.

Kahan's way: what rounding 1 + x, or exp(x), lost is known, and the quotient beside it is smooth (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 1.14).
"""

from math import exp, log


def _log1p(x):
    one = 1.0 + x
    return x * log(one) / (one - 1.0) if one != 1.0 else x


def _expm1(x):
    one = exp(x)
    if one == 1.0:
        return x
    return (one - 1.0) * x / log(one) if abs(x) < 0.5 else one - 1.0
