"""From a window of samples to features: one or more feature sets, one after another."""

from array import array

# name: (module of this package, class); imported when it is used, as each takes memory
SETS = {
    "motion": ("motion", "Motion"),
    "spectral": ("spectral", "Spectral"),
    "slow": ("slow", "Slow"),
    "raw": ("raw", "Raw"),
}


class Stage:
    """names, units: of all features; length: samples in a window; n_axes: numbers in a sample."""

    def __init__(self, sets, axes, units, scales, offsets, length, rate_hz):
        """sets: keys of SETS. axes, units, scales, offsets: of each axis; a sample's physical value is count * scale + offset.

        Raises ValueError, one line, for an unknown set, or a length that a set cannot work with.
        """
        if not sets or len(set(sets)) < len(sets):
            raise ValueError("feature sets %s: name at least one, each once" % (tuple(sets),))
        for name in sets:
            if name not in SETS:
                raise ValueError("no feature set %s; there are %s" % (name, ", ".join(sorted(SETS))))
        # As boards with floats of single precision have them
        scales, offsets, rate_hz = array("f", scales), array("f", offsets), array("f", [rate_hz])[0]
        self.length, self.n_axes = length, len(axes)
        self._sets = []
        names, feature_units = [], []
        for name in sets:
            found = _load(name)(axes, units, scales, offsets, length, rate_hz)
            self._sets.append((found, len(names)))
            names.extend(found.names)
            feature_units.extend(found.units)
            found.names = found.units = ()
        # One text takes half the heap of many
        self._names, self._units = "\0".join(names), "\0".join(feature_units)
        self._features = array("f", [0] * len(names))

    @property
    def names(self):
        return tuple(self._names.split("\0"))

    @property
    def units(self):
        return tuple(self._units.split("\0"))

    def compute(self, window):
        """The features of a window, array('h') of length * n_axes counts, sample by sample: an array('f') that the next call
        reuses.

        Raises ValueError for a window of another length. Allocates what its sets do.
        """
        if len(window) != self.length * self.n_axes:
            raise ValueError("a window of %d numbers: %d samples of %d axes are wanted" % (len(window), self.length, self.n_axes))
        for found, start in self._sets:
            found.compute(window, self._features, start)
        return self._features


def _load(name):
    """The class of a feature set."""
    module, kind = SETS[name]
    if kind in globals():  # a transpiled module that holds stage and sets itself
        return globals()[kind]
    return getattr(__import__("edgewise_rt." + module, None, None, (kind,)), kind)
