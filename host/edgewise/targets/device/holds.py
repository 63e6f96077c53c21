"""Are all of these bytes in a file? Holds at most 1 KB of it at a time, and the longest mark."""


def holds(path, *marks):
    found = set()
    text = b""
    with open(path, "rb") as file:
        while piece := file.read(512):
            text = text[-64:] + piece  # a mark may lie across two pieces
            found.update([mark for mark in marks if mark in text])
    return len(found) == len(marks)
