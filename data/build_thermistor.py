"""Rebuild thermistor.csv: 1000 rows of `edgewise.datasets.thermistor` by default (Edgewise installed)."""

import csv
import io

import rebuild
from edgewise.datasets import thermistor


def build() -> bytes:
    """The csv in UTF-8: adc_counts, supply_mv, temperature_c."""
    dataset = thermistor()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*dataset.feature_names, dataset.target])
    for (counts, supply), temperature in zip(dataset.X, dataset.y, strict=True):
        writer.writerow([f"{counts:.0f}", f"{supply:.0f}", f"{temperature:.2f}"])
    return text.getvalue().encode()


if __name__ == "__main__":
    rebuild.main("thermistor.csv", build)
