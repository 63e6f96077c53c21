"""Neighbors count by the inverse of their distance; those at no distance at all, when there are any, alone."""

from math import sqrt

_SQUARED = True


def _weights(distances):
    nearest = distances[0]
    if nearest == 0:
        return [int(distance == 0) for distance in distances]
    # relative to the nearest, as the inverse of a small distance times a large value would be infinite
    if _SQUARED:
        return [sqrt(nearest / distance) for distance in distances]
    return [nearest / distance for distance in distances]
