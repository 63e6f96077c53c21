# neighbors_table: KNeighborsClassifier(n_neighbors=2, weights='distance')
# 2 features, 2 classes
# 4 prototypes, k = 2, euclidean, distance weights
# neighbors equal scikit-learn's, unless two distances differ by less than single precision tells
# back end: table
# the facts
# made by edgewise 0; change the model and run edgewise transpile again, not this file

from array import array
from math import sqrt

N_FEATURES = 2
_N_INPUTS = 2
FEATURES = ('light', 'sound',)
FINGERPRINT = 'aba813ec'
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


_PROTOTYPES = b'\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x80?\x00\x00\x80?\x00\x00\x00@\x00\x00\x00\x00\x00\x00@@\x00\x00\xa0@'
_prototypes = _view("f", _PROTOTYPES)


def _distance(x, at, far):
    """From row x to the prototype whose numbers begin at `at`; stops with None once it is not below far."""
    prototypes = _prototypes
    total = 0
    for value in x:
        value -= prototypes[at]
        total += value * value
        if total >= far:
            return None
        at += 1
    return total


_K = 2
_N_PROTOTYPES = 4
_MOVED = False
_CENTER = b''
_FACTOR = b''
_center = _view("f", _CENTER)
_factor = _view("f", _FACTOR)


def _nearest(x):
    """(distances, prototype numbers) of the k nearest, nearest first."""
    x = _checked(x)
    if _MOVED:
        x = [(value - _center[i]) * _factor[i] for i, value in enumerate(x)]
    distances, numbers = [_INF] * _K, [0] * _K
    for number in range(_N_PROTOTYPES):
        distance = _distance(x, number * _N_INPUTS, distances[_K - 1])
        if distance is not None:
            place = _K - 1
            while place and distances[place - 1] > distance:
                distances[place] = distances[place - 1]
                numbers[place] = numbers[place - 1]
                place -= 1
            distances[place] = distance
            numbers[place] = number
    if distances[_K - 1] == _INF:  # fewer than k below infinity
        raise ValueError("the row is too far from the prototypes for single precision")
    return distances, numbers


_SQUARED = True


def _weights(distances):
    nearest = distances[0]
    if nearest == 0:
        return [int(distance == 0) for distance in distances]
    # relative to the nearest, as the inverse of a small distance times a large value would be infinite
    if _SQUARED:
        return [sqrt(nearest / distance) for distance in distances]
    return [nearest / distance for distance in distances]


CLASSES = ('no', 'yes',)
_TARGET_CODE = 'B'
_TARGET = b'\x00\x00\x01\x00'
_target = _view(_TARGET_CODE, _TARGET)


def _votes(x):
    distances, numbers = _nearest(x)
    votes = [0] * len(CLASSES)
    for weight, number in zip(_weights(distances), numbers):  # noqa: B905 - MicroPython's zip has no strict
        votes[_target[number]] += weight
    return votes


def predict(x):
    """Class label of a row of N_FEATURES numbers."""
    votes = _votes(x)
    return CLASSES[votes.index(max(votes))]


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    votes = _votes(x)
    total = sum(votes)
    return [vote / total for vote in votes]


_GOLDEN_CODE = 'B'
_GOLDEN_ROWS = b'\x00\x00'
_N_GOLDEN = 1
_GOLDEN_CLASS_CODE = 'B'
_GOLDEN = b'\x00'


def self_test():
    """Proves that the tables are intact and predicts the golden rows; how many there are, or ValueError at what differs."""
    _intact()
    values, classes = array(_GOLDEN_CODE, _GOLDEN_ROWS), array(_GOLDEN_CLASS_CODE, _GOLDEN)  # for a moment
    for i in range(_N_GOLDEN):
        label = predict(list(values[i * N_FEATURES : (i + 1) * N_FEATURES]))
        if label != CLASSES[classes[i]]:
            raise ValueError("golden row %d gives %r, not %r" % (i, label, CLASSES[classes[i]]))
    return _N_GOLDEN


_TABLES = (_CENTER, _FACTOR, _PROTOTYPES, _TARGET, _GOLDEN_ROWS, _GOLDEN,)
_SUM = 2549064


def _intact():
    """Raises ValueError unless the tables are those that were written down. Two neighbors that change always change the sum."""
    total = 1
    for table in _TABLES:
        for byte in table:
            total = (total * 257 + byte) % 4177969  # a prime; the product stays a small int
    if total != _SUM:
        raise ValueError("the tables are damaged; copy the module again")
