# logistic_table: LogisticRegression()
# 2 features, 2 classes
# 2 coefficients
# the bound of the scores is unknown: no training rows were given
# back end: table
# the facts
# made by edgewise 0; change the model and run edgewise transpile again, not this file

from array import array
from math import exp

N_FEATURES = 2
_N_INPUTS = 2
FEATURES = ('light', 'sound',)
FINGERPRINT = 'ca303567'
BACKEND = 'table'
_INF = float("inf")
_DOUBLE = float("16777217") != float("16777216")


def _view(code, packed):
    """Numbers in constant bytes, by their array code. Read in place: an array would hold them a second time."""
    if code == "B":
        return packed
    try:
        import uctypes
    except ImportError:  # CPython
        return memoryview(packed).cast(code)
    address = uctypes.addressof(packed)
    if address & 3:  # in ROMFS or frozen code bytes may lie unaligned, which a Cortex-M0 cannot read
        return array(code, packed)
    kind, size = {"H": (uctypes.UINT16, 2), "I": (uctypes.UINT32, 4), "f": (uctypes.FLOAT32, 4)}[code]
    return uctypes.struct(address, (uctypes.ARRAY | 0, kind | len(packed) // size))


def _checked(x):
    """The row as a list or tuple of finite float32. Allocates nothing when it is one already, on a single-precision board."""
    if len(x) != _N_INPUTS:
        raise ValueError("expected %d features, got %d" % (_N_INPUTS, len(x)))
    if _DOUBLE:
        x = array("f", list(x))  # of bytes it would take the bits
    if not isinstance(x, (list, tuple)):
        x = list(x)
    low, high = -_INF, _INF
    for value in x:
        if not low < value < high:
            raise ValueError("a feature is not finite (or beyond single precision): %r" % value)
    return x


_CENTERED = False
_CENTER = b''
_COEF = b'\x00\x00\x00?\x00\x00\x00\xc0'
_INTERCEPT = b'\xcd\xcc\xcc='
_N_SCORES = 1
_center = _view("f", _CENTER)
_coef = _view("f", _COEF)
_intercept = _view("f", _INTERCEPT)


def _scores(x):
    x = _checked(x)
    if _CENTERED:
        # Exact where row and center are near each other; a large, nearly constant feature keeps all its digits.
        x = [value - _center[i] for i, value in enumerate(x)]
    coef = _coef
    scores = []
    k = 0
    for i in range(_N_SCORES):
        score = _intercept[i]
        for value in x:
            score += value * coef[k]
            k += 1
        scores.append(score)
    return scores


def _sigmoid(score):
    power = exp(-abs(score))
    return 1 / (1 + power) if score >= 0 else power / (1 + power)


CLASSES = ('no', 'yes',)


def predict(x):
    """Class label of a row of N_FEATURES numbers."""
    scores = _scores(x)
    if len(scores) == 1:
        return CLASSES[scores[0] > 0]
    return CLASSES[scores.index(max(scores))]


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    score = _scores(x)[0]
    return [_sigmoid(-score), _sigmoid(score)]


_GOLDEN_CODE = 'B'
_GOLDEN_ROWS = b'\x00\x00\x01\x01'
_N_GOLDEN = 2
_GOLDEN_CLASS_CODE = 'B'
_GOLDEN = b'\x01\x00'


def self_test():
    """Proves that the tables are intact and predicts the golden rows; how many there are, or ValueError at what differs."""
    _intact()
    values, classes = array(_GOLDEN_CODE, _GOLDEN_ROWS), array(_GOLDEN_CLASS_CODE, _GOLDEN)  # for a moment
    for i in range(_N_GOLDEN):
        label = predict(list(values[i * N_FEATURES : (i + 1) * N_FEATURES]))
        if label != CLASSES[classes[i]]:
            raise ValueError("golden row %d gives %r, not %r" % (i, label, CLASSES[classes[i]]))
    return _N_GOLDEN


_TABLES = (_CENTER, _COEF, _INTERCEPT, _GOLDEN_ROWS, _GOLDEN,)
_SUM = 2615857


def _intact():
    """Raises ValueError unless the tables are those that were written down. Two neighbors that change always change the sum."""
    total = 1
    for table in _TABLES:
        for byte in table:
            total = (total * 257 + byte) % 4177969  # a prime; the product stays a small int
    if total != _SUM:
        raise ValueError("the tables are damaged; copy the module again")
