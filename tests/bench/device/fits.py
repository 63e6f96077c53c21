"""Does a module import with so much free heap?"""

# mypy: ignore-errors


def fits(name, free):
    """free: bytes; the rest of the heap is taken first, from its start, so that what is left is one piece.

    For a fresh heap: an earlier import, even one that failed, leaves its names interned.
    """
    import gc

    taken = [None] * 64
    count, piece = 0, 32768
    gc.collect()
    left = gc.mem_free() - free
    while left >= 32 and piece >= 32:
        size = min(piece, left & ~15)
        try:
            taken[count] = bytearray(size - 16)  # and a block of 16 bytes for the object itself
        except MemoryError:
            piece //= 2
        else:
            count += 1
            left -= size
    try:
        __import__(name)
    except MemoryError:
        return False
    finally:
        taken = None
    return True
