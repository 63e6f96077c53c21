"""m2cgen recurses once a tree level or feature; a deep tree or a wide linear model passes Python's limit."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def recursion_limit(depth: int) -> Iterator[None]:
    """At least `depth` frames inside the block. Pure Python frames take no C stack since CPython 3.11."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, depth))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
