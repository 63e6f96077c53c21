"""Casts of viper functions, for the same functions as bytecode: floats are read as words."""


def ptr32(floats):
    try:
        import uctypes
    except ImportError:  # CPython
        return memoryview(floats).cast("B").cast("I")
    return uctypes.struct(uctypes.addressof(floats), (uctypes.ARRAY | 0, uctypes.UINT32 | len(floats)))
