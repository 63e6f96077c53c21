"""Is there a file or folder at this path?"""


def exists(path):
    import os

    try:
        os.stat(path)
    except OSError as error:
        if error.errno != 2:
            raise
        return False
    return True
