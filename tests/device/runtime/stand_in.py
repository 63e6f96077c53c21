"""A model that says whether its two features, in halves, are 1.5 apart and whether the window is an odd one."""

N_FEATURES = 2
CLASSES = ("odd", "even")


def predict(x):
    assert x[0] - x[1] == 1.5, list(x)
    return CLASSES[int(x[1]) % 2]


def predict_proba(x):
    return [0.25, 0.75] if int(x[1]) % 2 else [0.75, 0.25]
