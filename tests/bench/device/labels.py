"""Answers of a module that has `score` alone."""

# mypy: ignore-errors


def labels(name, way, packed, n_features):
    """Places of the largest score for the way "argmax", else the bits of the scores as float32. packed: base64 of the rows."""
    from array import array
    from binascii import a2b_base64

    score = __import__(name).score
    values = array("f", a2b_base64(packed))
    answers = array("f") if way == "score" else []
    for i in range(0, len(values), n_features):
        scores = score(values[i : i + n_features])
        answers.append(scores if way == "score" else scores.index(max(scores)))
    return bytes(answers) if way == "score" else answers
