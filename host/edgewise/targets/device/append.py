"""Receive a file in pieces, for boards whose stdin is text; the last piece moves it into its place.

Returns None, or before the first piece the bytes free when they are fewer than `size`.
"""


def append(piece, path, start, size):
    import os

    partial = path + ".part"
    if start == 0:
        folders = path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            folder = "/".join(folders[:depth])
            if folder:
                try:
                    os.mkdir(folder)
                except OSError as error:
                    if error.errno != 17:  # there already
                        raise
        blocks = os.statvfs("/")
        if blocks[0] * blocks[3] < size:
            return blocks[0] * blocks[3]
    with open(partial, "ab" if start else "wb") as file:
        file.write(piece)
    if start + len(piece) == size:
        os.rename(partial, path)
