"""The sha256 of each file, None where there is none; holds one buffer of 1 KB."""

# mypy: ignore-errors


def hashes(*paths):
    import binascii
    import hashlib

    buffer = bytearray(1024)
    view = memoryview(buffer)
    found = []
    for path in paths:
        digest = hashlib.sha256()
        try:
            with open(path, "rb") as file:
                while count := file.readinto(buffer):
                    digest.update(view[:count])
        except OSError as error:
            if error.errno not in (2, 21):  # no such file, a folder
                raise
            found.append(None)
        else:
            found.append(str(binascii.hexlify(digest.digest()), "ascii"))
    return found
