"""The logistic function, without overflow."""

from math import exp


def _sigmoid(score):
    power = exp(-abs(score))
    return 1 / (1 + power) if score >= 0 else power / (1 + power)
