"""Print a file as lines of base64, holding 384 bytes of it at a time."""


def get(path):
    import binascii

    with open(path, "rb") as file:
        while piece := file.read(384):
            print(str(binascii.b2a_base64(piece), "ascii"), end="")
