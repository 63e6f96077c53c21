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


def check_limits(artifact: Artifact, heap_free_bytes: int, fs_free_bytes: int | None, where: str, source: bool = False) -> Fit:
    """The same for a board that told its free heap and filesystem itself; source: it is to get the .py, not the .mpy."""
    budget = int(heap_free_bytes * (1 - HEAP_RESERVE))
    room = None if fs_free_bytes is None else fs_free_bytes - FILE_OVERHEAD_BYTES
    size = artifact.footprint
    needed, file_bytes = _needs(size, source)
    name = f"{artifact.name}.{'py' if source else 'mpy'}"
    remedy = _remedy(artifact, budget, room, source)
    problems, notes = [], []
    if needed > budget:
        problems.append(
            f"importing {name} needs about {needed} bytes of heap, and {where} has {budget} "
            f"for it ({heap_free_bytes} free, a quarter kept for your program): {remedy}"
        )
    elif size.heap_import_py_bytes > budget:
        notes.append(
            f"{artifact.name}.py would need about {size.heap_import_py_bytes} bytes of heap to compile on the board; "
            f"the .mpy needs {size.heap_import_mpy_bytes}"
        )
    if room is not None and file_bytes > room:
        problems.append(
            f"{name} takes {file_bytes} bytes of the filesystem, and {where} has {max(room, 0)} for it: "
            f"remove files there, or {remedy}"
        )
    return Fit(where, size, heap_free_bytes, fs_free_bytes or 0, tuple(problems), tuple(notes))


def _needs(size: Footprint, source: bool) -> tuple[int, int]:
    """(free heap for the import, bytes of the file)"""
    return (size.heap_import_py_bytes, size.py_bytes) if source else (size.heap_import_mpy_bytes, size.mpy_bytes)


def _remedy(artifact: Artifact, budget: int, room: int | None, source: bool) -> str:
    """The .mpy where that helps, else the largest of the smaller models that fits."""

    def fits(size: Footprint, source: bool) -> bool:
        needed, file_bytes = _needs(size, source)
        return needed <= budget and (room is None or file_bytes <= room)

    if source and fits(artifact.footprint, source=False):
        return f"{artifact.name}.mpy would fit, deploy without --source"
    fitting = [(size.heap_held_bytes, change) for change, size in artifact.smaller if fits(size, source)]
    return f"{max(fitting)[1]} would fit" if fitting else "choose a smaller kind of model, such as tree"
