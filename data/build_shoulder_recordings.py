"""Rebuild shoulder_recordings/: 12 s of each person's exercises (seglearn's watch data) as an MPU-6050 would have sampled them.

`whole` gives all 140 recordings at full length, for benchmarks. README.md beside this file tells what was done to the samples.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

import rebuild
from build_shoulder_exercises import AXES, MEMBER, SHA256, WHEEL, read_watch
from edgewise.recording import SUFFIX, Meta, Recording, write_whole

FOLDER = rebuild.FOLDER / "shoulder_recordings"
RATE_HZ = 50
RANGE_G, RANGE_DPS = 8, 2000  # the least of an MPU-6050 that clip nothing: the samples reach 5.8 g and 1659 degrees per second
SCALES = (RANGE_G / 32768,) * 3 + (RANGE_DPS / 32768,) * 3
UNITS = ("g",) * 3 + ("deg/s",) * 3
SENSOR = {
    "sensor": "mpu6050",
    "module": "mpu6050",
    "class": "MPU6050",
    "bus": "i2c",
    "pins": {"id": 0, "scl": 5, "sda": 4},
    "address": 0x68,
    "rate_hz": RATE_HZ,
    "options": {"range_g": RANGE_G, "range_dps": RANGE_DPS},
}
SIDE = 1  # of the two arms, as the source numbers them
SHIPPED = 12 * RATE_HZ  # samples: 600 KB in all


def watch() -> dict:
    """The source's data, see `read_watch`; fetched once, then from the user's cache folder. Raises as `rebuild.wheel_member`."""
    cached = Path(user_cache_path("edgewise"), "data", f"{SHA256[:16]}_{Path(MEMBER).name}")
    if not cached.is_file():
        write_whole(cached, rebuild.wheel_member(WHEEL, SHA256, MEMBER))
    return read_watch(cached.read_bytes())


def counts(samples: np.ndarray) -> np.ndarray:
    """int16, shape (n, 6), of g and rad/s, shape (n, 6); ValueError where the ranges do not hold them."""
    physical = np.hstack([samples[:, :3], np.degrees(samples[:, 3:])])
    found = np.round(physical / np.array(SCALES))
    if np.abs(found).max() > 32767:
        raise ValueError(f"a sample of {np.abs(found).max():.0f} counts does not fit 16 bits; choose larger ranges")
    return found.astype(np.int16)


def recording(samples: np.ndarray, exercise: str, person: int, name: str) -> Recording:
    """samples: g and rad/s, shape (n, 6)."""
    meta = Meta(exercise, tuple(AXES.values()), UNITS, SCALES, (0.0,) * 6, RATE_HZ, SENSOR, person=f"p{person:02}")
    return Recording(counts(samples), np.arange(len(samples), dtype=np.int64) * (1_000_000 // RATE_HZ), meta, name)


def whole() -> list[Recording]:
    """All of the source, r000 to r139 as in shoulder_exercises.csv."""
    source = watch()
    everything = zip(source["X"], source["y"], source["subject"], strict=True)
    return [recording(x, source["y_labels"][y], person, f"r{i:03}") for i, (x, y, person) in enumerate(everything)]


def build() -> dict[str, bytes]:
    """Name -> .npz: the middle of every recording of one side; EXERCISE_NN is of person NN."""
    source = watch()
    files = {}
    for samples, y, person, side in zip(source["X"], source["y"], source["subject"], source["side"], strict=True):
        if side == SIDE:
            start = (len(samples) - SHIPPED) // 2
            name = f"{source['y_labels'][y]}_{person:02}"
            part = recording(samples[start : start + SHIPPED], source["y_labels"][y], person, name)
            files[name + SUFFIX] = part.to_bytes()
    return dict(sorted(files.items()))


def digest(files: dict[str, bytes]) -> str:
    """Of all: what `sha256sum *.npz | sha256sum` prints in the folder."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild shoulder_recordings/.")
    parser.add_argument("output", nargs="?", type=Path, default=FOLDER, help="default: %(default)s")
    output = parser.parse_args().output
    files = build()
    for name, content in files.items():
        write_whole(output / name, content)
    print(f"{digest(files)}  {output}: {len(files)} files, {sum(map(len, files.values()))} bytes")


if __name__ == "__main__":
    main()
