"""The quick way of a raw row to the stages."""

# ruff: noqa: F821 - of the module that this is compiled in

_TAKES_NAN = const(False)

_raw_row = array("O", _words)
_raw_row[6], _raw_row[7] = N_FEATURES, _values
if _TAKES_NAN:
    _raw_row[8] = 1
_read_any = _read


def _read(x):
    if _raw:
        _raw_row[0] = x
    if not (_raw and _copied(_raw_row)):
        _read_any(x)
