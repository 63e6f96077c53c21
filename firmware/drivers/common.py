"""What drivers share: chips on an I2C bus, the check of their identity, bytes to counts, checks of options.

`bus` is a machine.I2C, or anything with its readfrom_mem_into, readfrom_into and writeto: these three allocate nothing on the
rp2 port (1.25), while its writeto_mem joins register and value in a new buffer. Usual drivers return new tuples of floats for
a reading and wait for its conversion; these write counts into an array of the caller's.
"""

try:
    import micropython
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr8, ptr16


class Device:
    """A chip at `address` of `bus`; `name` is what error messages call it."""

    interrupt_safe = True  # read_into may be called in an interrupt

    def __init__(self, bus, address, name):
        self._bus = bus
        self._read_registers = bus.readfrom_mem_into  # bound once: two look-ups less for each sample
        self._address = address
        self._name = name
        self._byte = bytearray(1)
        self._command = bytearray(2)

    def _identify(self, register, known):
        """The identity byte at `register`, one of `known`; OSError: nobody answers, ValueError: another chip does."""
        try:
            identity = self._read(register)
        except OSError as error:
            raise self._silent(error)  # noqa: B904 - boards warn of "from"
        if identity not in known:
            expected = " or ".join("0x%02x" % value for value in sorted(known))
            raise ValueError(
                "%s says 0x%02x, not %s: another chip is there, name its sensor" % (self._place(), identity, expected)
            )
        return identity

    def _place(self):
        return "%s at address 0x%02x" % (self._name, self._address)

    def _silent(self, error):
        """The OSError to raise in place of one from the bus, whose text is none."""
        remedy = "does not answer: check power, ground, SDA, SCL and the address"
        return OSError(error.args[0], "%s %s" % (self._place(), remedy))

    def _read(self, register):
        """One byte; allocates nothing."""
        self._read_registers(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        """One byte; allocates nothing."""
        self._command[0] = register
        self._command[1] = value
        self._bus.writeto(self._address, self._command)


def choose(name, option, value, choices):
    """`value`, if it is one of `choices`; ValueError names them."""
    if value not in choices:
        raise ValueError("%s: %s is %r and must be one of %s" % (name, option, value, ", ".join(map(str, choices))))
    return value


def within(name, option, value, lowest, highest):
    """`value`, if it lies there; ValueError names the range."""
    if not lowest <= value <= highest:
        raise ValueError("%s: %s is %r and must be from %s to %s" % (name, option, value, lowest, highest))
    return value


def at_least(rates_hz, rate_hz):
    """The place of the first of the rising `rates_hz` that is not below `rate_hz`."""
    at = 0
    while rates_hz[at] < rate_hz:
        at += 1
    return at


@micropython.viper
def counts_from_big(source: ptr8, samples: ptr16, start: int, count: int):
    """`count` numbers of 16 bits, high byte first, to samples[start] and on; allocates nothing, checks no bounds."""
    for i in range(count):
        samples[start + i] = ((source[2 * i] << 8 | source[2 * i + 1]) ^ 0x8000) - 0x8000


@micropython.viper
def counts_from_little(source: ptr8, samples: ptr16, start: int, count: int):
    """As counts_from_big, low byte first."""
    for i in range(count):
        samples[start + i] = ((source[2 * i + 1] << 8 | source[2 * i]) ^ 0x8000) - 0x8000
