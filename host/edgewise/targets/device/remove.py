"""Delete a file."""


def remove(path):
    import os

    os.remove(path)
