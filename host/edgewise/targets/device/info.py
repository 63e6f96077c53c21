"""What this MicroPython says of itself."""

# mypy: ignore-errors


def info():
    import gc
    import sys

    about = sys.implementation
    machine = getattr(about, "_machine", sys.platform)
    version = ".".join(str(part) for part in about.version[:3])
    float_bits = 32 if 1.0 + 1e-8 == 1.0 else 64  # 2**-24 is half an ulp of a single-precision 1.0
    try:
        import os

        blocks = os.statvfs(".")
        fs_free = blocks[0] * blocks[3]
    except (ImportError, AttributeError, OSError):  # a port without a filesystem
        fs_free = None
    gc.collect()
    return machine, version, getattr(about, "_mpy", 0), float_bits, gc.mem_free(), fs_free
