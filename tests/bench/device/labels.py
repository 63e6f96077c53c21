"""Answers of a module, row by row."""

# mypy: ignore-errors
# ruff: noqa: F821 - load and way_to are of way.py, sent before this


def labels(name, way, kind, packed, n_features, regression):
    """Labels or their places (see way_to), of a regression the bits of the values as float32.

    packed: the rows in base64, their numbers as an array of this kind holds them.
    """
    from array import array
    from binascii import a2b_base64

    function = way_to(load(name, way), way)
    values = array(kind, a2b_base64(packed))
    if kind != "f":
        values = array("f", values)
    rows = range(0, len(values), n_features)
    answers = [function(values[i : i + n_features]) for i in rows]
    return bytes(array("f", answers)) if regression else answers
