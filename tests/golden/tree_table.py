# tree_table: DecisionTreeClassifier(random_state=0)
# 1 features, 2 classes
# 1 tree, 2 nodes, 3 leaves
# classes equal scikit-learn's
# back end: table
# the facts
# made by edgewise 0; change the model and run edgewise transpile again, not this file

from array import array

N_FEATURES = 1
_N_INPUTS = 1
FEATURES = ('light',)
FINGERPRINT = 'edd5c962'
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


_N_NODES = 2
_CODE = 'B'
_FEATURE_CODE = 'B'
_FEATURE = b'\x00\x00'
_THRESHOLD = b'\x00\x00\xc0?\x00\x00 @'
_LEFT = b'\x02\x03'
_RIGHT = b'\x01\x02'
_ROOTS = (0,)
_feature = _view(_FEATURE_CODE, _FEATURE)
_threshold = _view("f", _THRESHOLD)
_left = _view(_CODE, _LEFT)
_right = _view(_CODE, _RIGHT)


def _leaves(x):
    """Number of the leaf that row x reaches in each tree, as a list. References from _N_NODES on are leaves."""
    f, t, left, right, n = _feature, _threshold, _left, _right, _N_NODES
    leaves = []
    for node in _ROOTS:
        while node < n:
            node = left[node] if x[f[node]] <= t[node] else right[node]
        leaves.append(node - n)
    return leaves


CLASSES = ('no', 'yes',)
_FULL = 55440
_ROW_CODE = 'B'
_ROW_START = b'\x00'
_CLASS_CODE = 'B'
_ROW_CLASS = b''
_VOTES_CODE = 'H'
_ROW_VOTES = b''
_row_start = _view(_ROW_CODE, _ROW_START)
_row_class = _view(_CLASS_CODE, _ROW_CLASS)
_row_votes = _view(_VOTES_CODE, _ROW_VOTES)


def _votes(x):
    n, full, start = len(CLASSES), _FULL, _row_start
    votes = [0] * n
    for leaf in _leaves(_checked(x)):
        if leaf < n:
            votes[leaf] += full
        else:
            leaf -= n
            for i in range(start[leaf], start[leaf + 1]):
                votes[_row_class[i]] += _row_votes[i]
    return votes


def predict(x):
    """Class label of a row of N_FEATURES numbers. Allocates the list of votes and a few iterators."""
    votes = _votes(x)
    return CLASSES[votes.index(max(votes))]


def predict_proba(x):
    """Probability of each of CLASSES, as a list."""
    total = _FULL * len(_ROOTS)
    return [votes / total for votes in _votes(x)]


_GOLDEN_CODE = 'B'
_GOLDEN_ROWS = b'\x00'
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


_TABLES = (_ROW_START, _ROW_CLASS, _ROW_VOTES, _FEATURE, _LEFT, _RIGHT, _THRESHOLD, _GOLDEN_ROWS, _GOLDEN,)
_SUM = 1096471


def _intact():
    """Raises ValueError unless the tables are those that were written down. Two neighbors that change always change the sum."""
    total = 1
    for table in _TABLES:
        for byte in table:
            total = (total * 257 + byte) % 4177969  # a prime; the product stays a small int
    if total != _SUM:
        raise ValueError("the tables are damaged; copy the module again")
