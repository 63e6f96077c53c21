"""A label of each output: that of the first of its largest scores, which follow those of the outputs before."""

from edgewise.backends.kernels.scores_table import _scores

CLASSES = (("no",),)


def predict(x):
    """Labels of a row of N_FEATURES numbers, as a list with one of each tuple of CLASSES."""
    scores = _scores(x)
    labels = []
    start = 0
    for names in CLASSES:
        own = scores[start : start + len(names)]
        labels.append(names[own.index(max(own))])
        start += len(names)
    return labels
