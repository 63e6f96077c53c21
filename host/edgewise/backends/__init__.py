"""Board model -> MicroPython source, by the name of a back end."""

from collections.abc import Sequence

from edgewise.backends import expression, table
from edgewise.backends.module import Emission
from edgewise.errors import UnsupportedModelError
from edgewise.passes import BoardModel

BACKENDS = {"table": lambda model, names: table.emit(model), "expression": expression.emit}


def emit(model: BoardModel, backend: str, feature_names: Sequence[str]) -> tuple[str, Emission]:
    """(name of the back end, what it emits). "auto" is the table."""
    name = "table" if backend == "auto" else backend
    if name not in BACKENDS:
        raise UnsupportedModelError(f"unknown back end {backend!r}; choose from auto, {', '.join(BACKENDS)}")
    return name, BACKENDS[name](model, feature_names)
