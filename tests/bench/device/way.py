"""One way to the label of a row, whatever module a tool writes."""

# mypy: ignore-errors


def load(name, way):
    """The module, or for the way "object" what the one class in it makes."""
    module = __import__(name)
    return module.RandomForestClassifier() if way == "object" else module


def way_to(loaded, way):
    """A function of a row. "predict" and "object": its own `predict`; "value": its `score`; "argmax": the place of the largest
    score; "sign": 1 where the score is above 0, else 0."""
    if way in ("predict", "object"):
        return loaded.predict
    score = loaded.score

    def argmax(row):
        scores = score(row)
        return scores.index(max(scores))

    def sign(row):
        return 1 if score(row) > 0 else 0

    return {"value": score, "argmax": argmax, "sign": sign}[way]
