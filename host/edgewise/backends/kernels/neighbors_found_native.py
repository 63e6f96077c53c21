"""Which prototypes may be among the nearest, from the distances on the grid: see backends/packed_neighbors.py."""

# ruff: noqa: F821 - const and ptr32, and what stands in the files before

_NEAREST = const(14)  # words of the work area
_LISTED = const(16)
_MOST_LISTED = const(2)
_MARGIN = const(0)
_LOSSLESS = const(True)


@micropython.viper
def _root(square: int) -> int:
    # the smallest whole number above 0 whose square is not below this one, up to 2^30
    root = 0
    bit = 1 << 14
    while bit:
        above = root + bit
        if above * above < square:
            root = above
        bit >>= 1
    return root + 1


@micropython.viper
def _found(x) -> int:
    # as in neighbors_packed
    if not (_raw and _taken(x)):
        _fill(x)
    work = ptr32(_work)
    error = int(_on_grid(_buffer, _data, _work))
    if error < 0:
        return 0
    far = 1 << 20
    far <<= 10  # as a constant it would be no small int
    work[_NEAREST - 2] = far << 1  # the smallest
    i = _NEAREST
    while i < _LISTED:
        work[i] = far
        i += 2
    work[0] = far
    work[2] = 0
    _scan(_data, _work, 0)
    if _LOSSLESS:
        if not error:
            i = _NEAREST
            while i < _LISTED:
                work[i] = work[i] + work[3]
                i += 2
            return 0 - 1
    # A distance d on the grid is within e of the one to be compared, e being half the margin and the root of what the row lost.
    # So none of those beyond d + 2 e of the k-th is among the nearest. In whole numbers, rounded up: (d + 2 e)^2.
    square = work[_LISTED - 2] + work[3] & far - 1
    error = int(_root(error)) * 2 + _MARGIN
    bits = 7
    root = square
    if root:
        while root < 1 << 26:
            root <<= 2
            bits += 1
    bound = square + (int(_root(root)) * error >> bits) + (error * error >> 16) + 3
    if bound > far:
        bound = far
    work[0] = bound - work[3]
    _scan(_data, _work, 1)
    if work[2] > _MOST_LISTED:
        return 0
    return work[2]
