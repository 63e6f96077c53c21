"""Receive `size` bytes over stdin; put.py says how they travel."""


def received(size):
    import sys

    read = sys.stdin.buffer.read
    data = bytearray(size)
    at = 0
    while at < size:
        sys.stdout.write("\x01")
        piece = read(int(read(3)))
        if b"\xdb" in piece:
            piece = piece.replace(b"\xdb\xdc", b"\x03").replace(b"\xdb\xdd", b"\xdb")
        data[at : at + len(piece)] = piece
        at += len(piece)
    return data
