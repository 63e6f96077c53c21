"""What monitor shows while it runs: the label, its probabilities, and the last seconds of each axis."""

import csv
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgewise.cli.terminal import out, print_json, say
from edgewise.errors import RecordingError
from edgewise.monitor import Event, Hello, Label, Samples, Status
from edgewise.show import printable

BARS = " ▁▂▃▄▅▆▇█"
TRACE_WIDTH = 60  # letters, each some samples
BAR_WIDTH = 30


class Trace:
    """The last samples of each axis, as a line of bars between the least and the greatest that it shows."""

    def __init__(self, axes: Sequence[str], units: Sequence[str], length: int):
        self.axes, self.units = axes, units
        self._samples: deque[np.ndarray] = deque(maxlen=length)

    def add(self, values: np.ndarray) -> None:
        """values: physical, shape (n, n_axes)."""
        self._samples.extend(values)

    def __rich__(self) -> Table:
        shown = Table.grid(padding=(0, 1))
        values = np.array(self._samples).reshape(-1, len(self.axes))
        for axis, unit, column in zip(self.axes, self.units, values.T, strict=True):
            if len(column):
                shown.add_row(
                    Text(printable(axis)), bars(column), Text(f"{column.min():.3g} to {column.max():.3g} {printable(unit)}")
                )
        return shown


def bars(values: np.ndarray, width: int = TRACE_WIDTH) -> Text:
    """At most `width` letters, each as high as the mean of its values between the least and the greatest of all."""
    means = np.array([part.mean() for part in np.array_split(values, min(width, len(values)))])
    low, high = means.min(), means.max()
    steps = np.zeros(len(means)) if high == low else (means - low) / (high - low)
    return Text("".join(BARS[1 + round(step * (len(BARS) - 2))] for step in steps))


def probabilities(classes: Sequence[object], proba: Sequence[float]) -> Table:
    """Each class with a bar; the greatest first."""
    shown = Table.grid(padding=(0, 1))
    for share, label in sorted(zip(proba, map(str, classes), strict=True), key=lambda pair: -pair[0]):
        shown.add_row(Text(printable(label)), Text("█" * round(share * BAR_WIDTH)), Text(f"{share:.2f}"))
    return shown


class Screen:
    """What monitor tells, as it comes: a picture on a terminal, a line a window elsewhere, or a JSON object a window."""

    def __init__(self, as_json: bool, csv_path: Path | None):
        """csv_path: a new file for the labels, a row a window. Raises RecordingError."""
        self.n_labels = 0
        self._as_json = as_json
        self._live = None if as_json or not out.is_terminal else Live(console=out, auto_refresh=False)
        self._hello: Hello | None = None
        self._trace: Trace | None = None
        self._label: Label | None = None
        self._status = ""
        self._missed = 0
        try:
            self._file = csv_path and csv_path.open("x", newline="", encoding="utf-8")
        except OSError as error:
            raise RecordingError(f"{csv_path} cannot be written ({error.strerror}); name a new file") from error
        self._csv = csv.writer(self._file, lineterminator="\n") if self._file else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
        if self._file:
            self._file.close()
            if self._hello is None:  # nothing stands in it
                Path(self._file.name).unlink()

    def take(self, event: Event) -> None:
        match event:
            case Hello():
                self._begin(event)
            case Samples() if self._hello and self._trace:
                self._trace.add(event.counts * np.array(self._hello.scales) + np.array(self._hello.offsets))
            case Label() if self._hello:
                self._tell(event, self._hello)
            case Status():
                if event.missed != self._missed and not self._live:
                    say(f"warning: {event.missed - self._missed} samples missed: lower the rate, or take a smaller model")
                self._missed = event.missed
                self._status = f"{event.missed} samples missed; {event.shortest_us} to {event.longest_us} us between two"
        if self._live and self._hello and self._trace:
            self._live.update(self._picture(self._hello, self._trace), refresh=True)

    def _begin(self, hello: Hello) -> None:
        self._hello = hello
        self._trace = Trace(hello.axes, hello.units, max(TRACE_WIDTH, hello.length or 0))
        say(f"{hello.sensor['sensor']} at {hello.rate_hz:g} Hz on {hello.machine}, windows of {hello.length} samples")
        if self._csv:
            self._csv.writerow(["window", "time_s", "label", *(f"proba {label}" for label in hello.classes or ())])

    def _tell(self, event: Label, hello: Hello) -> None:
        self.n_labels += 1
        self._label = event
        if self._csv and self._file:
            self._csv.writerow([event.window, f"{event.time_s:.3f}", event.label, *(f"{p:.6g}" for p in event.proba)])
            self._file.flush()
        if self._as_json:
            print_json({"window": event.window, "time_s": event.time_s, "label": event.label, "proba": event.proba})
        elif not self._live:
            out.print(f"{event.time_s:8.2f} s  {printable(_said(event))}")

    def _picture(self, hello: Hello, trace: Trace) -> Group:
        label = self._label
        headline = f"{label.time_s:.1f} s  {_said(label)}" if label else "waiting for the first window"
        parts = [probabilities(hello.classes or (), label.proba)] if label and label.proba else []
        return Group(Text(printable(headline), style="bold"), *parts, trace, Text(self._status, style="dim"))


def _said(event: Label) -> str:
    label = f"{event.label:.6g}" if isinstance(event.label, float) else str(event.label)
    return label + (f"  {max(event.proba):.2f}" if event.proba else "")
