"""Predictions of a module for rows of packed float32."""

# mypy: ignore-errors


def predict(name, packed, n_features):
    """(fingerprint of the module, labels as they are or values as bits of float32). packed: base64 of all rows."""
    from array import array
    from binascii import a2b_base64

    module = __import__(name)
    values = array("f", a2b_base64(packed))
    results = [module.predict(values[i : i + n_features]) for i in range(0, len(values), n_features)]
    answers = results if hasattr(module, "CLASSES") else bytes(array("f", results))
    return getattr(module, "FINGERPRINT", None), answers
