"""Board model -> MicroPython source, by the name of a back end."""

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext, suppress

from edgewise.backends import expression, native, table
from edgewise.backends.module import Emission
from edgewise.backends.staging import staged
from edgewise.errors import UnsupportedModelError
from edgewise.machines import BoardMachine
from edgewise.mpy import NATIVE
from edgewise.network import MAX_CHANGED, WIDTHS, FloatNetwork
from edgewise.passes import BoardModel

TEXTS: dict[str, Callable[[BoardModel, Sequence[str]], Emission]] = {
    "table": lambda model, names: table.emit(model),
    "expression": expression.emit,
}
# Fastest first: what a back end needs of the board's MicroPython, see boards.EMITTERS
EMITTER = {"thumb": "asm_thumb", "viper": "viper"}
BACKENDS = (*TEXTS, *reversed(EMITTER))
KERNEL = {arch: "thumb" if arch == "armv6m" else "viper" for arch in NATIVE}  # the fastest of each architecture


def emit(
    model: BoardModel,
    backend: str,
    emitters: Sequence[str],
    feature_names: Sequence[str],
    bits: int | None = None,
    max_changed: float = MAX_CHANGED,
) -> tuple[BoardModel, str, dict[str, Emission]]:
    """(model as that computes it, back end, what this and the other kernels that its artifact takes emit, by back end).

    backend: a key of BACKENDS, or "auto": the fastest kernel that there is for the model, for a MicroPython with these emitters
    (see boards.EMITTERS). bits, max_changed: of a network's weights (see `network.fitted`). Raises UnsupportedModelError.
    """
    if bits is not None and not (isinstance(model.core, FloatNetwork | BoardMachine) and backend in ("auto", *EMITTER)):
        what = "neural networks and kernel machines in whole numbers"
        raise UnsupportedModelError(f"bits={bits} is for {what}; leave it out, or use --backend auto")
    if bits not in (None, *WIDTHS):
        raise UnsupportedModelError(f"bits={bits}: use {' or '.join(map(str, WIDTHS))}")
    if not 0 <= max_changed <= 1:
        raise UnsupportedModelError(f"max_changed={max_changed:g} is no share; give a number from 0 to 1")
    if backend not in ("auto", *BACKENDS):
        raise UnsupportedModelError(f"unknown back end {backend!r}; choose from auto, {', '.join(BACKENDS)}")
    if backend not in ("auto", *EMITTER):
        return model, backend, {backend: staged(TEXTS[backend](model, feature_names), model)}
    kernels = {}
    prepared = model
    with suppress(UnsupportedModelError) if backend == "auto" and bits is None else nullcontext():
        prepared = native.prepared(model, bits, max_changed)
        for kernel in EMITTER if backend == "auto" else (backend,):
            kernels[kernel] = staged(native.emit(prepared, kernel), prepared)
    for kernel in kernels:
        if backend == kernel or EMITTER[kernel] in emitters:
            return prepared, kernel, kernels
    return model, "table", {"table": staged(table.emit(model), model)}


def architectures(kernels: Collection[str]) -> dict[str, str]:
    """Which of these kernels each architecture gets; "thumb" alone is for one only."""
    return {arch: kernel if kernel in kernels else "viper" for arch, kernel in KERNEL.items() if {kernel, "viper"} & set(kernels)}
