"""What a layer's sum gives to the next one: the logistic function of it."""

from math import exp


def _activated(total):
    power = exp(-abs(total))  # no overflow
    return 1 / (1 + power) if total >= 0 else power / (1 + power)
