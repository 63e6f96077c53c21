"""Trees for the kernels: one constant of 32-bit words, the fields of a node as wide as this model needs.

A node is a word, from its top: feature, two bits of zero (a shift leaves the feature times four), a flag whether its right child
is a leaf, one for its left, a reference, and the threshold. Nodes stand in preorder: a left child that is no leaf follows its
node, and so does the right child of a leaf's sibling. The reference is:
    no leaf         how many nodes after the left child the right one stands
    one leaf        its number
    both            the place of a pair of numbers
docs/architecture.md draws it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgewise import float32
from edgewise.errors import UnsupportedModelError
from edgewise.passes import BoardTrees

WORD_BITS = 32
SPARE_BITS = 4  # two zeros and two flags
LEFT_LEAF, RIGHT_LEAF = 1, 2
HEADER = ("full", "pairs", "values", "entries", "pool")  # words before the roots: votes of a pure leaf, byte offsets
ENTRY_BITS = 16
MOST_CLASSES = 255  # counted in a byte of an instruction
LARGEST_ALIGNMENT = 4
LARGEST_BYTES = 2**20  # of nodes alone: more than any board here has of heap


@dataclass(frozen=True)
class Leaves:
    """number: of each leaf, shape (n_leaves,). values: what leaves are made of. entries: of mixed leaves, 16 or 32 bits.

    Classification: a number below n_classes is a pure leaf, or one without votes; others, less n_classes and times 2**alignment,
    say where its entries begin: the class in the low class_bits, in the top bit whether it is the last, and between them the
    votes, or in 16 bits their place among `values`, of 16 bits too. Regression: the place of a step among `values`.
    """

    number: np.ndarray
    values: np.ndarray
    entries: np.ndarray
    class_bits: int
    alignment: int


@dataclass(frozen=True)
class Thresholds:
    """field: of each node, shape (n_nodes,), `bits` wide. pool: keys that fields are places in. It is empty where a field holds
    the key's top bits, all others being zero, and where bits is 0 and the key is a word of its own behind the node's."""

    bits: int
    field: np.ndarray
    pool: np.ndarray


@dataclass(frozen=True)
class PackedTrees:
    """data: the tables. constants: of the kernels. packing: "key", "wide" or "pool", for the reader."""

    data: bytes
    constants: dict[str, object]
    packing: str


def pack_trees(core: BoardTrees, n_classes: int) -> PackedTrees:
    """The smallest of the packings that fit, the fastest of equals. n_classes: 0 for a regression.

    Raises UnsupportedModelError.
    """
    if n_classes > MOST_CLASSES:
        raise UnsupportedModelError(f"{n_classes} classes are more than a kernel counts ({MOST_CLASSES}); use --backend table")
    if 4 * len(core.feature) > LARGEST_BYTES:
        raise UnsupportedModelError(f"{len(core.feature)} nodes take a kernel beyond {LARGEST_BYTES} bytes; use --backend table")
    core = with_roots_inside(core)
    keys = float32.to_key(core.threshold)
    found = []
    for name, thresholds in THRESHOLDS.items():
        for leaves in _leaves(core, n_classes):
            packed = _pack(core, n_classes, name, thresholds(keys), leaves)
            if packed is not None:
                found.append(packed)
                break  # the least alignment takes the least bytes
    if not found:
        size = f"{len(core.feature)} nodes, {len(core.votes)} leaves and {int(core.feature.max()) + 1} features"
        raise UnsupportedModelError(f"{size} are more than the words of a kernel's table can name; use --backend table")
    return min(found, key=lambda packed: len(packed.data))


def with_roots_inside(core: BoardTrees) -> BoardTrees:
    """The same, a tree of one leaf as a node with that leaf on both sides: kernels begin at a node."""
    bare = core.roots < 0
    if not bare.any():
        return core
    n, extra = len(core.feature), np.cumsum(bare) - 1
    leaf = core.roots[bare]
    grown = {
        "feature": np.zeros(len(leaf), core.feature.dtype),
        "threshold": np.zeros(len(leaf), np.float32),
        "left": leaf,
        "right": leaf,
    }
    parts: dict[str, Any] = {name: np.concatenate([getattr(core, name), more]) for name, more in grown.items()}
    roots = np.where(bare, n + extra, core.roots)
    return replace(core, **parts, roots=roots)


def _top_bits(keys: np.ndarray) -> Thresholds:
    used = int(np.bitwise_or.reduce(keys))
    lowest = (used & -used).bit_length() - 1 if used else WORD_BITS - 1
    return Thresholds(WORD_BITS - lowest, keys >> lowest, np.empty(0, np.int64))


def _own_word(keys: np.ndarray) -> Thresholds:
    return Thresholds(0, keys, np.empty(0, np.int64))


def _place_in_pool(keys: np.ndarray) -> Thresholds:
    pool, place = np.unique(keys, return_inverse=True)
    return Thresholds(max(1, (len(pool) - 1).bit_length()), place, pool)


THRESHOLDS: dict[str, Callable[[np.ndarray], Thresholds]] = {"key": _top_bits, "wide": _own_word, "pool": _place_in_pool}


def _leaves(core: BoardTrees, n_classes: int) -> Iterator[Leaves]:
    """In order of their bytes."""
    nothing = np.empty(0, np.int64)
    if not n_classes:
        values, number = np.unique(core.votes[:, 0], return_inverse=True)
        yield Leaves(number, values.astype("<u4"), nothing, 0, 0)
        return
    pure = core.votes.max(axis=1) == core.full
    rows, row = np.unique(core.votes[~pure], axis=0, return_inverse=True)
    length = (rows > 0).sum(axis=1)
    class_bits = max(1, (n_classes - 1).bit_length())
    class_index = (rows > 0).nonzero()[1]
    values, place = np.unique(rows[rows > 0], return_inverse=True)
    bits = ENTRY_BITS
    if class_bits + len(values).bit_length() >= ENTRY_BITS or values.max(initial=0) >> ENTRY_BITS:
        bits, values, place = WORD_BITS, nothing, rows[rows > 0]
    last = np.zeros(len(class_index), np.int64)
    last[length.cumsum() - 1] = 1
    entry = last << bits - 1 | place << class_bits | class_index
    for alignment in range(LARGEST_ALIGNMENT):
        room = -(-length // 2**alignment) << alignment
        start = np.cumsum(room) - room
        entries = np.zeros(room.sum(), "<u2" if bits == ENTRY_BITS else "<u4")
        entries[np.repeat(start - (np.cumsum(length) - length), length) + np.arange(len(entry))] = entry
        number = core.votes.argmax(axis=1)
        number[~pure] = n_classes + (start >> alignment)[row.ravel()]
        yield Leaves(number, values.astype("<u2"), entries, class_bits, alignment)


def _pack(core: BoardTrees, n_classes: int, name: str, thresholds: Thresholds, leaves: Leaves) -> PackedTrees | None:
    """None where a reference does not fit its field."""
    feature_bits = max(1, int(core.feature.max()).bit_length())
    reference_bits = WORD_BITS - SPARE_BITS - feature_bits - thresholds.bits
    if reference_bits < 1:
        return None
    pairs, reference, flags = _references(core, leaves.number)
    if reference.max() >= 1 << reference_bits or leaves.number.max() >= 1 << ENTRY_BITS:
        return None
    word = core.feature.astype(np.int64) << WORD_BITS - feature_bits
    word |= flags << reference_bits + thresholds.bits | reference << thresholds.bits
    if thresholds.bits:
        word |= thresholds.field & (1 << thresholds.bits) - 1
        nodes = _words(word)
    else:
        nodes = _words(np.stack([word, thresholds.field], axis=1))
    bytes_a_node = len(nodes) // len(word)
    first = 4 * (len(HEADER) + len(core.roots) + 1)
    parts = [nodes, _words(pairs), _words(thresholds.pool), leaves.values.tobytes(), leaves.entries.tobytes()]
    _, pairs_at, pool_at, values_at, entries_at, _ = first + np.cumsum([0] + [len(part) for part in parts])
    head = [core.full, pairs_at, values_at, entries_at, pool_at, *(first + bytes_a_node * core.roots), 0]
    constants: dict[str, object] = {
        "_F": feature_bits,
        "_T": thresholds.bits,
        "_R": reference_bits,
        "_C": leaves.class_bits,
        "_ALIGNMENT": leaves.alignment,
        "_SHORT_ENTRIES": leaves.entries.itemsize * 8 == ENTRY_BITS,
        "_POOLED": name == "pool",
        "_WIDE": name == "wide",
        "_MIRRORED": bool((core.threshold < 0).any()),
        "_N_CLASSES": n_classes,
    }
    return PackedTrees(_words(np.array(head)) + b"".join(parts), constants, name)


def _references(core: BoardTrees, number: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(pairs as words, reference of each node, its flags)"""
    node = np.arange(len(core.feature))
    left_leaf, right_leaf = core.left < 0, core.right < 0
    if (core.left != node + 1)[~left_leaf].any() or (core.right != node + 1)[left_leaf & ~right_leaf].any():
        raise ValueError("the nodes are not in preorder")
    left, right = number[np.where(left_leaf, ~core.left, 0)], number[np.where(right_leaf, ~core.right, 0)]
    both = left_leaf & right_leaf
    pairs, place = np.unique(right[both] << ENTRY_BITS | left[both], return_inverse=True)
    reference = np.where(left_leaf, left, np.where(right_leaf, right, core.right - node - 1)).astype(np.int64)
    reference[both] = place.ravel()
    return pairs, reference, LEFT_LEAF * left_leaf + RIGHT_LEAF * right_leaf


def _words(values: np.ndarray) -> bytes:
    return (np.ravel(values) & 0xFFFFFFFF).astype("<u4").tobytes()
