"""Neural networks in whole numbers: weights of 8 or 16 bits, sums of 32, scaled from training rows.

A layer's inputs are whole numbers u from 0 to 65535, of which `zero` stands for 0; a of them below is u - zero:

    input      u = clip(round(row * 2^places) - low)             half away from zero, as fixed.BoardFixed does
    sum        S = weights @ u + start                           within 32 bits whatever the row, proved from the ranges
    scaled     v = (min((|S| + half) >> drop, 2^15) * multiplier + half) >> 14, at most `most`
    relu       u = v where S > 0, else 0
    tanh       u = zero + or - a table's value at v, interpolated
    score      S of the last layer, times `unit`, plus `offset`

Everything between a row's bits and S is exact, so that every board has the same. A number beyond the range of the training rows
(with a quarter of it to spare) counts as the end of that range: such a network saturates.

Weights are rounded one after the other, each making up for what the ones before it changed on the training rows (the idea of
Hassibi and Stork, Optimal Brain Surgeon, 1993, as Frantar et al., GPTQ, 2023, use it), a row of weights in units of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgewise import exact, float32, rounding
from edgewise.decisions import winners
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear, Network
from edgewise.rounding import Bounded

WIDTHS = (8, 16)
MAX_CHANGED = 0.005  # share of the training rows whose class may change, and error of a value as a share of the values' spread
HEADROOM = 4  # a feature may lie so many times farther from the middle than in the training rows before it saturates
SPARE = 1.5  # the same of what comes out of a layer
HALF = 15  # bits of the numbers that are multiplied with each other after a sum
SHIFT = HALF - 1  # what is taken off their product: factors are below 2
MOST_BITS, LEAST_BITS = 15, 6  # of a layer's inputs, beside their sign
MOST_SUM, MOST_SCORE = 2**31 - 2**HALF - 1, 2**30 - 1  # a half is added to a sum; a score is a small int of MicroPython
FINEST, COARSEST = 120, -98  # binary places of a feature, as fixed.BoardFixed
REACH = 29  # |a feature| that counts is below 2^REACH units
TABLE_END = 8.0  # beyond it tanh is 1 to within 2.3e-7
TABLE_BITS = {8: 7, 16: 9}  # binary logarithm of the intervals from 0 to TABLE_END; a linear piece errs by 4e-4 and 2.4e-5
DAMPING = 0.01  # of the rows' correlations, so that directions without rows keep their weights (GPTQ takes the same)


def collapsed(network: Network) -> Linear | None:
    """The same as one layer, where no activation bends anything; else None."""
    if network.activation != "identity" and len(network.layers) > 1:
        return None
    coef, intercept = network.layers[0]
    for weights, bias in network.layers[1:]:
        coef, intercept = weights @ coef, weights @ intercept + bias
    return Linear(coef, intercept)


def _logistic(z):
    power = np.exp(-np.absolute(z))  # no overflow
    upper = np.float32(1.0) / (power + np.float32(1.0))
    return rounding.selected(upper, rounding.plain(z) >= 0, power * upper)


# As kernels/activation_*.py compute them: of float32, or of rounding.Bounded
ACTIVATIONS: dict[str, Callable] = {
    "relu": lambda z: np.maximum(z, np.float32(0.0)),
    "logistic": _logistic,
    "tanh": rounding.tanh,
}


@dataclass(frozen=True)
class FloatNetwork:
    """As `ir.Network`, computed in float32. rows: those of the training in front of it, for `fitted`, or None."""

    network: Network
    rows: np.ndarray | None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the inputs and of every layer."""
        return (self.network.layers[0][0].shape[1], *(len(bias) for _, bias in self.network.layers))

    def scores(self, inputs):
        """(n_rows, n_scores) of float32 inputs, or Bounded of Bounded."""
        kind = np.float64 if isinstance(inputs, Bounded) else np.float32
        last = len(self.network.layers) - 1
        for number, (weights, bias) in enumerate(self.network.layers):
            inputs = inputs @ weights.T.astype(kind) + bias.astype(kind)
            if number < last:
                inputs = ACTIVATIONS[self.network.activation](inputs)
        return inputs


def for_board(network: Network, rows: np.ndarray | None) -> FloatNetwork:
    if straight := collapsed(network):
        network = Network(((straight.coef, straight.intercept),), "relu")
    if max(float(np.abs(part).max(initial=0)) for layer in network.layers for part in layer) > float32.MAX:
        raise UnsupportedModelError("a weight is beyond single precision (3.4e38); rescale the features")
    return FloatNetwork(network, rows)


@dataclass(frozen=True)
class BoardLayer:
    """weights: whole (n_out, n_in). start: (n_out,), what the sums begin with, for inputs that count from 0.

    The rest is of layers with another behind them: multiplier, drop: (n_out,); most; zero: of what comes out; down: bits off a
    table's value.
    """

    weights: np.ndarray
    start: np.ndarray
    multiplier: np.ndarray
    drop: np.ndarray
    most: int = 0
    zero: int = 0
    down: int = 0


@dataclass(frozen=True)
class BoardNetwork:
    """places, low: whole (n_features,); most: of the inputs. activation: "relu" or "tanh". table: of tanh, 32767 for 1,
    from 0 to TABLE_END. unit, offset: (n_scores,), of what a sum stands for; float32 holds them. bits: of the weights. changed:
    see `changed`, of the training rows."""

    places: np.ndarray
    low: np.ndarray
    most: int
    layers: tuple[BoardLayer, ...]
    activation: str
    table: np.ndarray
    unit: np.ndarray
    offset: np.ndarray
    bits: int
    changed: float = 0.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the inputs and of every layer."""
        return (len(self.places), *(len(layer.start) for layer in self.layers))

    def units(self, X: np.ndarray) -> np.ndarray:
        """Whole numbers (n_rows, n_features), int64. X: finite float32."""
        X = X.astype(np.float32).astype(np.float64)
        whole = np.copysign(np.floor(np.ldexp(np.abs(X), self.places) + 0.5), X)
        return np.clip(whole - self.low, 0, self.most).astype(np.int64)

    def sums(self, X: np.ndarray) -> np.ndarray:
        """Of the last layer, whole numbers (n_rows, n_scores), int64. X: finite float32."""
        u = self.units(X)
        for layer in self.layers[:-1]:
            u = self.activated(layer, _sums(layer, u))
        return _sums(self.layers[-1], u)

    def activated(self, layer: BoardLayer, sums: np.ndarray) -> np.ndarray:
        size = np.minimum((np.abs(sums) + (1 << layer.drop >> 1)) >> layer.drop, 1 << HALF)
        v = np.minimum((size * layer.multiplier + (1 << SHIFT >> 1)) >> SHIFT, layer.most)
        if self.activation == "relu":
            return np.where(sums > 0, v, 0)
        fine = HALF - (len(self.table) - 1).bit_length() + 1
        place, rest = v >> fine, v & (1 << fine) - 1
        value = self.table[place] + ((self.table[place + 1] - self.table[place]) * rest >> fine)
        return layer.zero + np.where(sums < 0, -1, 1) * (value + (1 << layer.down >> 1) >> layer.down)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """(n_rows, n_scores) as a board of single precision has them, float64."""
        product = self.unit.astype(np.float32) * self.sums(X).astype(np.float32)
        return (self.offset.astype(np.float32) + product).astype(np.float64)

    def errors(self, X: np.ndarray, error: np.ndarray) -> np.ndarray:
        """How far the scores may be from `scores`, (n_rows, n_scores), where the inputs may be so far from X; and what a board of
        double precision rounds otherwise."""
        moved = np.where(error > 0, np.ldexp(error, self.places) + 1, 0.0)
        for layer in self.layers[:-1]:
            moved = moved @ np.abs(layer.weights).T
            moved = np.where(moved > 0, (moved + 1) * np.ldexp(layer.multiplier.astype(float), -layer.drop - SHIFT) + 2, 0.0)
            if self.activation == "tanh":  # whose slope is at most 1: 2^15 / TABLE_END places are 2^15 of its values
                moved = np.where(moved > 0, np.ldexp(TABLE_END * moved + 2, -layer.down) + 1, 0.0)
        moved = moved @ np.abs(self.layers[-1].weights).T * self.unit
        scores = self.scores(X)
        return moved + 4 * float32.UNIT * (np.abs(scores - self.offset) + np.abs(self.offset) + moved) + float32.TINY


def _sums(layer: BoardLayer, u: np.ndarray) -> np.ndarray:
    """Exact in float64, where numpy multiplies faster."""
    return (u.astype(np.float64) @ layer.weights.T.astype(np.float64)).astype(np.int64) + layer.start


def quantize(network: Network, X: np.ndarray | None, bits: int, regression: bool = False) -> BoardNetwork:
    """network: of raw rows. X: training rows (n_rows, n_features). bits: one of WIDTHS. regression: the scores are values.

    Raises UnsupportedModelError.
    """
    if bits not in WIDTHS:
        raise UnsupportedModelError(f"bits={bits!r} is no width of weights; choose 8 or 16")
    if X is None or not len(X):
        raise UnsupportedModelError(
            "weights in whole numbers need the range of the features; pass training rows as X, or use --backend table"
        )
    rows = X.astype(np.float32).astype(np.float64)
    layers, activation = _bent(network)
    offset = np.zeros(len(layers[-1][1]))
    if regression:  # apart, so that a large value with a small spread keeps its digits
        offset = _network_scores(layers, activation, rows).mean(axis=0).astype(np.float32).astype(np.float64)
        layers[-1] = (layers[-1][0], layers[-1][1] - offset)
    middle, reach = _range(rows)
    weights, bias = layers[0]
    most = 1 << _bits_of_inputs(weights * reach, bias + weights @ middle, bits, len(layers) == 1)
    places, low = _places(middle, reach * _coarser(weights * reach, (rows - middle).std(axis=0) / reach, most, bits), most)
    table = np.rint(np.tanh(np.linspace(0, TABLE_END, (1 << TABLE_BITS[bits]) + 1)) * ((1 << HALF) - 1)).astype(np.int64)
    board = BoardNetwork(places, low, 2 * most - 1, (), activation, table, np.ones(1), offset, bits)
    unit, origin, zero = np.ldexp(1.0, -places), np.ldexp((low + most).astype(np.float64), -places), most
    u, real = board.units(rows), rows
    found: list[BoardLayer] = []
    for number, (weights, bias) in enumerate(layers):
        last = number == len(layers) - 1
        sums = real @ weights.T + bias
        whole, start, scale = _whole(
            weights * unit, bias + weights @ origin, sums, u - zero, most, bits, last, common=last and not regression
        )
        layer = BoardLayer(whole, start - whole.sum(axis=1) * zero, *np.zeros((2, len(start)), np.int64))
        if not last:
            real = exact.ACTIVATIONS[activation](sums)
            span = max(float(np.abs(real).max()), 1e-30) * SPARE if activation == "relu" else 1.0
            following, above = layers[number + 1]
            places_of_next = _bits_of_inputs(following * span, above, bits, number + 2 == len(layers))
            most, origin = 1 << places_of_next, np.zeros(len(bias))
            layer, unit = _scaled(layer, activation, scale, sums, span, places_of_next)
            zero = layer.zero
            u = board.activated(layer, _sums(layer, u))
        found.append(layer)
    board = replace(board, layers=tuple(found), unit=(1 / scale).astype(np.float32).astype(np.float64))
    return replace(board, changed=changed(network, board, rows, regression))


def _bent(network: Network) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    """(layers, "relu" or "tanh"). A logistic function is a tanh of half its sum: (1 + tanh(z / 2)) / 2."""
    if straight := collapsed(network):
        return [(straight.coef, straight.intercept)], "relu"
    layers = list(network.layers)
    if network.activation != "logistic":
        return layers, network.activation
    for number in range(len(layers)):
        weights, bias = layers[number]
        if number:
            weights, bias = weights / 2, bias + weights.sum(axis=1) / 2
        layers[number] = (weights, bias) if number == len(layers) - 1 else (weights / 2, bias / 2)
    return layers, "tanh"


def _network_scores(layers: list[tuple[np.ndarray, np.ndarray]], activation: str, rows: np.ndarray) -> np.ndarray:
    return exact.SCORES[Network](Network(tuple(layers), activation), rows)


def _range(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(middle, how far from it a number still counts) of each feature; one that never changed is taken for one that might.

    The middle is 0 for all where that leaves half of the head room: a board has a number less for each.
    """
    low, high = rows.min(axis=0), rows.max(axis=0)
    middle = low / 2 + high / 2
    reach = HEADROOM * (high / 2 - low / 2)
    reach = np.where(reach > 0, reach, 2 * np.maximum(np.abs(middle), 1.0))
    return (np.zeros_like(middle) if (np.abs(middle) <= reach / 2).all() else middle), reach


def _bits_of_inputs(weights: np.ndarray, bias: np.ndarray, bits: int, last: bool) -> int:
    """Bits of a layer's inputs, beside their sign. weights: times how large an input can be.

    What the sum of a row leaves them beside its largest weight; with weights of 16 bits both get half, as both err alike.
    """
    largest = np.abs(weights).max(axis=1)
    used = largest > 0
    total = (np.abs(weights).sum(axis=1) + np.abs(bias))[used] / largest[used]
    room = np.log2((MOST_SCORE if last else MOST_SUM) / total.max(initial=1.0)) - 0.1
    own = room - (bits - 1)
    return int(np.clip(own if bits == WIDTHS[0] else max(room / 2, own), LEAST_BITS, MOST_BITS))


def _coarser(weights: np.ndarray, spread: np.ndarray, most: int, bits: int) -> np.ndarray:
    """By how much the units of each feature are better larger: a power of two, (n_features,).

    weights: times the reach of the features; spread: of the rows, as a share of it. A coarser unit of a feature makes its weights
    larger and so, beside those that are the largest of their rows, finer. A term errs by half a unit of the weight times the
    feature and half a unit of the feature times the weight: least where both are as many units.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(np.abs(weights) / np.abs(weights).max(axis=1, keepdims=True)).max(axis=0)
        better = np.minimum(0.5 * np.log2(spread * most / (share * (1 << bits - 1))), -np.log2(share))
    return np.exp2(np.floor(np.clip(np.where(share > 0, better, 0.0), 0, MOST_BITS - LEAST_BITS)))


def _places(middle: np.ndarray, reach: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(places, low) of each feature, such that its reach is at most `most` units."""
    finest = REACH - np.frexp(np.abs(middle) + 2 * reach)[1]
    places = np.minimum(np.minimum(np.floor(np.log2(most / reach)).astype(np.int64), finest), FINEST)
    if (places < COARSEST).any():
        raise UnsupportedModelError("the features are beyond whole numbers; scale them, or use --backend table")
    return places, np.rint(np.ldexp(middle, places)).astype(np.int64) - most


def _whole(
    weights: np.ndarray, bias: np.ndarray, sums: np.ndarray, inputs: np.ndarray, most: int, bits: int, last: bool, common: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(whole weights, whole biases, units of a sum in one, (n_out,)), so that no sum of inputs within +-most leaves its bits.

    weights, bias: of inputs in units, which count from their zero. sums: (n_rows, n_out), exact. inputs: (n_rows, n_in), whole.
    common: one unit for all sums, so that they can be compared.
    """
    limit = MOST_SCORE if last else MOST_SUM
    heaviest = (1 << bits - 1) - 1
    largest, total = np.abs(weights).max(axis=1), np.abs(weights).sum(axis=1) * most + np.abs(bias)
    with np.errstate(divide="ignore"):
        scale = np.minimum(heaviest / largest, limit / total)
    scale = np.where(np.isfinite(scale), scale, 1.0)
    if common:
        scale[:] = scale.min()
    while True:
        whole = _rounded(weights * scale[:, None], inputs, heaviest)
        start = np.rint((sums * scale - inputs @ whole.T).mean(axis=0))  # on the average of the rows the sums are right
        over = np.abs(whole).sum(axis=1) * most + np.abs(start) > limit
        if not over.any():
            return whole.astype(np.int64), start.astype(np.int64), scale
        scale = scale * 0.98 if common else np.where(over, scale * 0.98, scale)


def _rounded(weights: np.ndarray, inputs: np.ndarray, heaviest: int) -> np.ndarray:
    """Whole weights (n_out, n_in) within +-heaviest, see above. weights: in the same units, not yet whole."""
    spread = inputs - inputs.mean(axis=0)
    together = spread.T @ spread / len(spread)
    together[np.diag_indices(len(together))] += DAMPING * max(float(np.diag(together).mean()), 1e-9)
    order = np.argsort(-np.diag(together), kind="stable")
    # upper triangle U of inverse = U' U: row i says what the weights behind i must make up for
    passes_on = np.linalg.cholesky(np.linalg.inv(together[np.ix_(order, order)])).T
    rest, whole = weights[:, order].copy(), np.zeros(weights.shape)
    for i in range(len(order)):
        nearest = np.clip(np.rint(rest[:, i]), -heaviest, heaviest)
        nearest[weights[:, order[i]] == 0] = 0  # what was pruned stays so
        error = (rest[:, i] - nearest) / passes_on[i, i]
        rest[:, i + 1 :] -= error[:, None] * passes_on[i, i + 1 :]
        whole[:, order[i]] = nearest
    return whole


def _scaled(
    layer: BoardLayer, activation: str, scale: np.ndarray, sums: np.ndarray, span: float, bits: int
) -> tuple[BoardLayer, float]:
    """(the layer with the way from its sums to the next one's inputs, the unit of these). span: of what comes out."""
    relu = activation == "relu"
    unit = span / ((1 << bits) - 1) if relu else 2.0 ** (HALF - bits) / ((1 << HALF) - 1)
    step = unit if relu else TABLE_END / (1 << HALF)  # of a scaled sum
    # one that the training rows never needed gets a sixteenth of what comes out
    largest = np.maximum(SPARE * sums.max(axis=0), span / 16) if relu else np.full(len(scale), TABLE_END)
    drop = np.clip(np.ceil(np.log2(largest * scale)) - HALF, 0, HALF + 1).astype(np.int64)
    if relu:  # coarser where a sum is
        unit = step = max(step, float((np.ldexp(1 / scale, drop)).max()) / 2)
    factor = np.ldexp(1 / (scale * step), drop)
    multiplier = np.minimum(np.rint(np.ldexp(factor, SHIFT)), (1 << HALF) - 1).astype(np.int64)
    if relu:
        return replace(layer, multiplier=multiplier, drop=drop, most=(1 << bits) - 1), unit
    return replace(layer, multiplier=multiplier, drop=drop, most=(1 << HALF) - 1, zero=1 << bits, down=HALF - bits), unit


def changed(network: Network, board: BoardNetwork, X: np.ndarray, regression: bool = False) -> float:
    """Share of the rows whose class differs from that of the exact scores; of a regression the root of the mean squared error, as
    a share of the values' standard deviation, of the output where that is most."""
    expected, found = exact.SCORES[Network](network, X.astype(np.float32).astype(np.float64)), board.scores(X)
    if not regression:
        n_classes = max(2, expected.shape[1])
        return float((winners(expected, n_classes) != winners(found, n_classes)).mean())
    spread, lost = expected.var(axis=0), ((expected - found) ** 2).mean(axis=0)
    return float(np.sqrt(lost / np.maximum(spread, 1e-30 + 1e-12 * expected.mean(axis=0) ** 2)).max())


def fitted(
    network: Network, X: np.ndarray | None, bits: int | None = None, max_changed: float = MAX_CHANGED, regression: bool = False
) -> BoardNetwork:
    """`quantize` with the width that is asked for, or the narrowest that changes at most this share (see `changed`) of X.

    Raises UnsupportedModelError where that is more.
    """
    for width in WIDTHS if bits is None else (bits,):
        board = quantize(network, X, width, regression)
        if board.changed <= max_changed:
            return board
    what = "of the values' spread is the error" if regression else "of the training rows change their class"
    remedy = "--bits 16" if width == WIDTHS[0] else "--backend table, which computes in floats"
    raise UnsupportedModelError(
        f"with weights of {width} bits {board.changed:.2%} {what}, more than max_changed={max_changed:g} allows; use {remedy}"
    )
