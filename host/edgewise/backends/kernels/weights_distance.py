"""Neighbors count by the inverse of their distance; those at no distance at all, when there are any, alone."""

from math import sqrt

_SQUARED = True


def _weights(distances):
    if distances[0] == 0:
        return [int(distance == 0) for distance in distances]
    if _SQUARED:
        return [1 / sqrt(distance) for distance in distances]
    return [1 / distance for distance in distances]
