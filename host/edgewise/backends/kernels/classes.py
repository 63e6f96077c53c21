"""The labels of a classifier."""

CLASSES = ("no", "yes")
