"""Products of numbers."""

from edgewise.backends.kernels.stage_values import _places, _values


def _products(at, n, to, m, place):
    # constants of each product: how many factors, and which
    for j in range(m):
        product = 1.0
        last = place + _places[place]
        while place < last:
            place += 1
            product *= _values[at + _places[place]]
        place += 1
        _values[to + j] = product
