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


# In annotations, and as casts inside viper functions
ptr8 = ptr16 = ptr32 = uint = _itself
