"""Compiles the kernel where the module is imported. Where that is refused, the plain functions stay."""

_KERNEL = ""

try:
    exec(_KERNEL)
except (ImportError, NameError, SyntaxError, MemoryError, NotImplementedError):  # no emitter, no room, another layout of objects
    pass
