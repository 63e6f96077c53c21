"""matrix @ (row - center) + offset."""

from edgewise.backends.kernels.stage_values import _numbers, _values


def _affine(at, n, to, m, place):
    # constants: n of the center, then of each output its offset and its n weights
    numbers = _numbers
    row = [_values[at + i] - numbers[place + i] for i in range(n)]
    place += n
    for j in range(m):
        offset = numbers[place]
        total = 0.0
        for value in row:
            place += 1
            total += value * numbers[place]
        place += 1
        _values[to + j] = total + offset  # last: beside a large one every sum before would be rounded as coarsely
