"""check: does an artifact fit a board, before anything is copied?"""

from dataclasses import dataclass

from edgewise.artifact import Artifact
from edgewise.boards import Board
from edgewise.footprint import Footprint

# Left to the program around the model: windows, features, a driver, and what fragmentation takes.
HEAP_RESERVE = 0.25
FILE_OVERHEAD_BYTES = 8192  # littlefs: two blocks for a folder entry and the last, partly filled block


@dataclass(frozen=True)
class Fit:
    """problems: one line each, with the remedy; empty where everything fits. notes: what fits only in one form."""

    where: str
    footprint: Footprint
    heap_free_bytes: int
    fs_free_bytes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.problems


def check(artifact: Artifact, board: Board | str) -> Fit:
    """Holds the predicted memory to a board's limits. Raises BoardError for an unknown board."""
    board = Board.load(board) if isinstance(board, str) else board
    return check_limits(artifact, board.heap_free_bytes, board.fs_bytes, board.id)


def check_limits(artifact: Artifact, heap_free_bytes: int, fs_free_bytes: int | None, where: str) -> Fit:
    """The same for a board that told its free heap and filesystem itself."""
    budget = int(heap_free_bytes * (1 - HEAP_RESERVE))
    size = artifact.footprint
    problems, notes = [], []
    if size.heap_import_mpy_bytes > budget:
        problems.append(
            f"importing {artifact.name}.mpy needs about {size.heap_import_mpy_bytes} bytes of heap, and {where} has {budget} "
            f"for it ({heap_free_bytes} free, a quarter kept for your program): {_remedy(artifact, budget)}"
        )
    elif size.heap_import_py_bytes > budget:
        notes.append(
            f"{artifact.name}.py would need about {size.heap_import_py_bytes} bytes of heap to compile on the board; "
            f"the .mpy needs {size.heap_import_mpy_bytes}"
        )
    fs_free = fs_free_bytes or 0
    if fs_free_bytes is not None and size.mpy_bytes + FILE_OVERHEAD_BYTES > fs_free:
        problems.append(
            f"{artifact.name}.mpy takes {size.mpy_bytes} bytes of the filesystem, and {where} has {fs_free}: "
            f"remove files there, or {_remedy(artifact, budget)}"
        )
    return Fit(where, size, heap_free_bytes, fs_free, tuple(problems), tuple(notes))


def _remedy(artifact: Artifact, budget: int) -> str:
    """The largest of the smaller models that fits."""
    fitting = [(size.heap_import_mpy_bytes, change) for change, size in artifact.smaller if size.heap_import_mpy_bytes <= budget]
    if not fitting:
        return "choose a smaller kind of model, such as tree"
    return f"{max(fitting)[1]} would fit"
