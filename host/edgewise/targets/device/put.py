"""Receive a file over stdin. Prints \\x01 for each piece it is ready for; returns None, or the bytes free when full.

A piece is three digits, its length, then as many bytes, at most 252: the least stdin buffer of the usual ports holds
260 (esp32). Ctrl-C (3) keeps its meaning, so that a board whose host vanished can be interrupted: \\xdb\\xdc stands
for it in the data, and \\xdb\\xdd for \\xdb.
"""


def put(path, size):
    import os
    import sys

    folders = path.split("/")[:-1]
    for depth in range(1, len(folders) + 1):
        folder = "/".join(folders[:depth])
        if folder:
            try:
                os.mkdir(folder)
            except OSError as error:
                if error.errno != 17:  # there already
                    raise

    def free():
        blocks = os.statvfs("/".join(folders) or ("/" if path[0] == "/" else "."))
        return blocks[0] * blocks[3]

    if free() < size:
        return free()
    partial = path + ".part"
    try:
        left = size
        with open(partial, "wb") as file:
            while left > 0:
                sys.stdout.write("\x01")
                piece = sys.stdin.buffer.read(int(sys.stdin.buffer.read(3)))
                left -= file.write(piece.replace(b"\xdb\xdc", b"\x03").replace(b"\xdb\xdd", b"\xdb"))
        os.rename(partial, path)
    except BaseException as error:
        try:  # noqa: SIM105 - MicroPython has no contextlib
            os.remove(partial)
        except OSError:  # it was never made
            pass
        if isinstance(error, OSError) and error.errno == 28:
            return free()
        raise
