"""Stand-ins for what MicroPython's compiler knows and CPython does not; never copied to a board."""


class micropython:
    """The decorators leave a function as it is: plain Python computes the same, see each kernel's docstring."""

    @staticmethod
    def viper(function):
        return function

    native = viper

    @staticmethod
    def const(value):
        return value


def _itself(value):
    return value


def _words(size, code):
    """A cast inside a kernel: integers of that size stay as they are, other memory (floats, bytes) is read as unsigned words."""

    def pointer(memory):
        view = memoryview(memory)
        return memory if view.itemsize == size and view.format not in "fd" else view.cast("B").cast(code)

    return pointer


# As annotations of parameters these do nothing; as casts inside a kernel they say how memory is read.
ptr8, ptr16, ptr32 = _words(1, "B"), _words(2, "H"), _words(4, "I")
uint = _itself
