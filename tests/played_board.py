"""A board that is played: frames as one sends them, to test the host without a board."""

import json
import struct
from collections.abc import Callable, Iterable

import numpy as np

from edgewise.targets import BoardInfo, Target
from edgewise_rt import frames
from edgewise_rt.frames import Writer

ABOUT = {
    **{"sensor": {"sensor": "fake"}, "axes": ["x", "y"], "units": ["g", "g"], "rate_hz": 100, "by": "timer"},
    **{"scales": struct.pack("<2f", 0.1, 2).hex(), "offsets": struct.pack("<2f", 0, -1).hex(), "board": "e6", "machine": "Pico"},
}


class Board:
    """Makes the frames of a board."""

    def __init__(self) -> None:
        self._sent: list[bytes] = []
        self._writer = Writer(lambda buffer, n: self._sent.append(bytes(buffer[:n])), 2048)

    def frame(self, kind: int, payload: bytes) -> bytes:
        self._writer.send(kind, payload, len(payload))
        return self._sent[-1]

    def hello(self, **more: object) -> bytes:
        return self.frame(frames.HELLO, json.dumps(ABOUT | more).encode())

    def samples(self, ticks: Iterable[int], counts: Iterable[int]) -> bytes:
        return self.frame(frames.SAMPLES, np.array([*ticks], "<u4").tobytes() + np.array([*counts], "<i2").tobytes())

    def label(self, window: int, tick: int, number: int, *numbers: float) -> bytes:
        return self.frame(frames.LABEL, struct.pack(f"<3i{len(numbers)}f", window, tick, number, *numbers))

    def status(self, *numbers: int) -> bytes:
        return self.frame(frames.STATUS, struct.pack("<5i", *numbers))

    def end(self, reason: str = "", **more: object) -> bytes:
        return self.frame(frames.END, json.dumps({"reason": reason, **more}).encode())


class Played(Target):
    """Sends pieces, as a board would; an exception among them is raised."""

    name = "the played board"

    def __init__(self, *pieces: bytes | BaseException):
        self._pieces = pieces
        self.restarted = False
        self.files: dict[str, bytes] = {}
        self.program = ""

    def stream(self, source: str, on_bytes: Callable[[bytes], bool | None]) -> None:
        self.program = source
        for piece in self._pieces:
            if isinstance(piece, BaseException):
                raise piece
            on_bytes(piece)

    def restart(self) -> None:
        self.restarted = True

    def info(self) -> BoardInfo:
        return BoardInfo("Pico", "1.25.0", 6, 3, "armv6m", 32, 200_000, 800_000)

    def hashes(self, paths: list[str]) -> dict[str, str | None]:
        return dict.fromkeys(paths)

    def exec(self, *_: object) -> str: ...  # type: ignore[override, empty-body]

    def put(self, path: str, data: bytes, on_progress: object = None) -> None:
        self.files[path] = data

    def soft_reset(self) -> None: ...
    def close(self) -> None: ...
