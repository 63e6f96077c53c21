"""A sum over every table of the module: self_test proves with it that they arrived as they left."""

_TABLES = (b"\x01\x02",)
_SUM = 66308


def _intact():
    """Raises ValueError unless the tables are those that were written down. Two neighbors that change always change the sum."""
    total = 1
    for table in _TABLES:
        for byte in table:
            total = (total * 257 + byte) % 4177969  # a prime; the product stays a small int
    if total != _SUM:
        raise ValueError("the tables are damaged; copy the module again")
