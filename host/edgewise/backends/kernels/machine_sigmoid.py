"""The kernel tanh(gamma * product + coef0) of a row and one vector."""

from math import exp

from edgewise.backends.kernels.machine_product import _product


def _similar(x, number):
    product = _product(x, number)
    power = exp(-2 * abs(product))  # no overflow; and not every MicroPython has tanh
    tanh = (1 - power) / (1 + power)
    return tanh if product > 0 else -tanh
