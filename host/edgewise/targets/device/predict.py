"""Predictions of a module for rows of packed float32."""

# mypy: ignore-errors


def predict(name, packed, n_features):
    """Labels as they are, values as the bits of float32. packed: base64 of the rows, one after the other."""
    from array import array
    from binascii import a2b_base64

    module = __import__(name)
    values = array("f", a2b_base64(packed))
    results = [module.predict(values[i : i + n_features]) for i in range(0, len(values), n_features)]
    return results if hasattr(module, "CLASSES") else bytes(array("f", results))
