"""Predictions of a module for rows of packed float32."""

# mypy: ignore-errors


def predict(rows, name, n_features):
    """(fingerprint of the module, labels as they are or values as bits of float32, those of a row one after the other)."""
    import struct
    from array import array

    module = __import__(name)
    row = f"<{n_features}f"
    size = 4 * n_features
    n = len(rows) // size
    # made before the first prediction: a list that grows, or floats kept, between what predictions throw away would
    # leave no hole for the next larger list
    outputs = getattr(module, "N_OUTPUTS", 0)
    answers = [None] * n if hasattr(module, "CLASSES") else array("f", bytes(4 * n * max(outputs, 1)))
    for i in range(n):
        answer = module.predict(struct.unpack_from(row, rows, i * size))
        if outputs:
            for j in range(outputs):
                answers[i * outputs + j] = answer[j]
        else:
            answers[i] = answer
    return getattr(module, "FINGERPRINT", None), answers if isinstance(answers, list) else bytes(answers)
