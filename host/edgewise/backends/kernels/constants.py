"""The float32 constants of generated expressions."""

from edgewise.backends.kernels.common import _view

_CONSTANTS = b"\x00\x00\x80\x3f"

_c = _view("f", _CONSTANTS)
