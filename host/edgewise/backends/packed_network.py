"""Neural networks in whole numbers (see network.py) for the kernels: one constant, of numbers of 16 bits but for the first.

First, for each feature, a byte: 156 less its binary places (a float32's exponent is taken off that, and its mantissa, with its
first bit as bit 30, shifted right by the rest is twice the number of units); and where 0 is not in the middle the least numbers
of units, two halves each. With tanh, its table. Then the layers: how many numbers go in and come out, most, zero, down; and for
each sum its start in two halves, its multiplier, drop, and its weights:

    dense      all of them, half of their range added, and zero bytes up to a whole group: where x comes in, the sum of w.x is
               that of (w + half).x less half of the sum of x, which is the same for the whole layer
    sparse     halves in which a bit says that a weight is not zero, and these weights; taken where it is smaller
"""

import numpy as np

from edgewise.backends.module import Emission
from edgewise.backends.packing import pack_floats
from edgewise.backends.table import answer_constants, answer_kernels, proba_kernels
from edgewise.errors import UnsupportedModelError
from edgewise.network import BoardLayer, BoardNetwork
from edgewise.passes import BoardModel

EXPONENT = 156  # bias of a float32's exponent, and the 29 bits that bit 30 is to go right for one unit, twice
GROUP = 4  # weights that a kernel multiplies in one round
WORDS = 16  # bits of a sparse row's halves
SPARSE_BYTES = 60  # by which a kernel for sparse weights is larger: an estimate
MOST_NUMBERS = 65535  # of a layer
COMPILED = {
    "thumb": ("rows_thumb", "rows_native", "network_thumb", "answer_network_native", "backend_thumb"),
    "viper": ("rows_viper", "rows_native", "network_viper", "answer_network_native", "backend_viper"),
}
MOST_OF_THUMB = 255  # scores, and layers: counted in a byte of an instruction


def emit(model: BoardModel, core: BoardNetwork, kernel: str) -> Emission:
    """kernel: "thumb" or "viper". Raises UnsupportedModelError."""
    if max(len(core.unit), len(core.layers)) > MOST_OF_THUMB:
        raise UnsupportedModelError(f"more than {MOST_OF_THUMB} scores or layers are beyond the kernels; use --backend table")
    dense, sparse = pack_network(core, False), pack_network(core, True)
    is_sparse = len(sparse) + SPARSE_BYTES < len(dense)
    n_inputs, n_scores = len(core.places), len(core.unit)
    lows = _has_lows(core)
    tanh = core.activation == "tanh"
    head = n_inputs + n_inputs % 2 + (4 * n_inputs if lows else 0)
    hidden = [layer.start.size for layer in core.layers[:-1]]
    constants: dict[str, object] = {
        "_DATA": sparse if is_sparse else dense,
        "_N_SCORES": n_scores,
        "_N_LAYERS": len(core.layers),
        "_N_HIDDEN": max(map(_padded, hidden), default=0),
        "_LOWS": lows,
        "_BITS": core.most.bit_length() - 1,
        "_FIRST": head + (2 * len(core.table) if tanh else 0),
        "_WIDE": core.bits == 16,
        "_SPARSE": is_sparse,
        "_TANH": tanh,
        "_TABLE": head,
        "_FINE": 16 - (len(core.table) - 1).bit_length(),
    }
    direct = model.decision == "largest"
    proba = proba_kernels(model) if direct else ()
    if direct:
        constants |= {"CLASSES": model.classes}
        answer: tuple[str, ...] = ("classes", "label")
        if proba:
            answer = (*answer, "network_scores", *proba)
    else:
        constants |= answer_constants(model)
        answer = ("network_scores", *answer_kernels(model))
    if proba or not direct:
        lines = np.stack([core.offset, core.unit], axis=1)
        same = bool((lines == lines[0]).all())
        constants |= {"_LINE": pack_floats(lines[:1] if same else lines), "_STEP": 0 if same else 2}
    constants["_LABELS"] = direct
    kernels = ("common", "rows", "network_data", *answer)
    packing = "sparse" if is_sparse else "dense"
    return Emission(kernels, constants, compiled=COMPILED[kernel], plain=("network_packed",), packing=packing)


def _has_lows(core: BoardNetwork) -> bool:
    """Whether 0 is not in the middle of every feature's numbers."""
    return bool((core.low != -(core.most + 1) // 2).any())


def _padded(n: int) -> int:
    return n + -n % GROUP


def pack_network(core: BoardNetwork, sparse: bool) -> bytes:
    """The bytes; an even number of them. Raises UnsupportedModelError."""
    if max(max(layer.weights.shape) for layer in core.layers) > MOST_NUMBERS:
        raise UnsupportedModelError(f"a layer of more than {MOST_NUMBERS} numbers is beyond the kernels; use --backend table")
    places = (EXPONENT - core.places).astype("<u1").tobytes()
    parts = [places + bytes(len(places) % 2)]
    if _has_lows(core):
        parts.append(core.low.astype("<i4").tobytes())
    if core.activation == "tanh":
        parts.append(core.table.astype("<u2").tobytes())
    for layer in core.layers:
        n_out, n_in = layer.weights.shape
        header = [n_in, n_out, layer.most, layer.zero, layer.down]
        parts.append(np.array(header).astype("<u2").tobytes())
        for row in range(n_out):
            head = np.array([layer.start[row] & 0xFFFF, layer.start[row] >> 16 & 0xFFFF, layer.multiplier[row], layer.drop[row]])
            parts += [head.astype("<u2").tobytes(), (_sparse if sparse else _dense)(layer, row, core.bits)]
    return b"".join(parts)


def _dense(layer: BoardLayer, row: int, bits: int) -> bytes:
    weights = layer.weights[row] + (1 << bits - 1)
    return np.concatenate([weights, np.zeros(-len(weights) % GROUP)]).astype(f"<u{bits // 8}").tobytes()


def _sparse(layer: BoardLayer, row: int, bits: int) -> bytes:
    weights = layer.weights[row]
    present = np.concatenate([weights != 0, np.zeros(-len(weights) % WORDS, dtype=bool)])
    values = (weights[weights != 0] + (1 << bits - 1)).astype(f"<u{bits // 8}").tobytes()
    return np.packbits(present, bitorder="little").tobytes() + values + bytes(len(values) % 2)
