"""Rebuild shuttle.csv.gz: the file of the river package, byte for byte as it is there (all 49097 rows)."""

import rebuild

WHEEL = "river==0.26.1"
SHA256 = "6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef"
MEMBER = "river/datasets/shuttle.csv.gz"

# Every wheel of river holds the same data; naming one platform gives every host the same wheel and runs no compiler.
PLATFORM = (
    "--platform",
    "manylinux_2_28_x86_64",
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
)


def build() -> bytes:
    """The gzip-compressed csv, not compressed anew: compressors differ from one zlib to the next."""
    return rebuild.wheel_member(WHEEL, SHA256, MEMBER, *PLATFORM)


if __name__ == "__main__":
    rebuild.main("shuttle.csv.gz", build)
