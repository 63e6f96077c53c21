"""CPython behind the interface of the targets: the same programs and files run here, on the unix port and on a board."""

import importlib
import io
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from edgewise.targets import Target
from edgewise.targets.target import device_error


class CPython(Target):
    """This interpreter; `folder` is its filesystem, from which it imports until `close`."""

    name = "CPython"

    def __init__(self, folder: Path):
        self._folder = folder
        sys.path.insert(0, str(folder))
        self.soft_reset()

    def exec(self, source: str, timeout_s: float | None = None, on_output: Callable[[bytes], None] | None = None) -> str:
        importlib.invalidate_caches()
        keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a .pyc outlives a change within its second
        output = io.StringIO()
        try:
            with redirect_stdout(output):
                exec(compile(source, "<exec>", "exec"), self._names)
        except Exception:
            raise device_error(traceback.format_exc()) from None
        finally:
            sys.dont_write_bytecode = keeps
        return output.getvalue()

    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        Path(self._where(path)).write_bytes(data)

    def soft_reset(self) -> None:
        self._names: dict[str, object] = {}
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(str(self._folder)):
                del sys.modules[name]

    def close(self) -> None:
        self.soft_reset()
        sys.path.remove(str(self._folder))

    def _where(self, path: str) -> str:
        return str(self._folder / path.lstrip("/"))
