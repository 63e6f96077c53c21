"""The kernel (gamma * product + coef0) ** degree of a row and one vector."""

from edgewise.backends.kernels.machine_product import _product

_DEGREE = 2


def _similar(x, number):
    product = power = _product(x, number)
    for _ in range(_DEGREE - 1):
        power *= product
    return power if _DEGREE else 1.0
