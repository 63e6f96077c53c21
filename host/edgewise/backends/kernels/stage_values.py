"""What the stages in front of a model work on: numbers in one array, their constants and the places that they read."""

from array import array

from edgewise.backends.kernels.common import _view

_N_VALUES = 4
_NUMBERS = b"\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x00\x00\x00\x00\x00\x00"
_PLACES_CODE = "B"
_PLACES = b"\x01\x00"

_values = array("f", bytes(4 * _N_VALUES))  # the raw row first
_numbers = _view("f", _NUMBERS)
_places = _view(_PLACES_CODE, _PLACES)
