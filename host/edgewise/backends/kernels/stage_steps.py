"""From a raw row to what the model behind the stages reads."""

from edgewise.backends.kernels.common import _INF, N_FEATURES
from edgewise.backends.kernels.stage_line import _line
from edgewise.backends.kernels.stage_values import _values

_TAKES_NAN = False
# of each step: function, where its numbers are and how many, where its results go and how many, where its constants begin
_STEPS = (_line, 0, 2, 2, 2, 0)
_INPUTS_AT = 2
_INPUTS_END = 4

_model_inputs = memoryview(_values)[_INPUTS_AT:_INPUTS_END]


def _read(x):
    """The raw row into the first places, whatever sequence of numbers it is. Raises ValueError."""
    if len(x) != N_FEATURES:
        raise ValueError("expected %d features, got %d" % (N_FEATURES, len(x)))
    for i, value in enumerate(x):
        _values[i] = value
        if not -_INF < _values[i] < _INF and not (_TAKES_NAN and value != value):
            raise ValueError("a feature is not finite (or beyond single precision): %r" % value)


def _inputs(x):
    """What the model reads of a row of N_FEATURES numbers; the next call reuses it. Raises ValueError."""
    if x is _model_inputs:  # of a function that asks another one of the module
        return x
    _read(x)
    steps = _STEPS
    for i in range(0, len(steps), 6):
        steps[i](steps[i + 1], steps[i + 2], steps[i + 3], steps[i + 4], steps[i + 5])
    return _model_inputs
