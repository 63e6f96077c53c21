"""Stand-ins for what drivers are given. Reading allocates nothing, so that a locked heap tests the driver alone."""

ENODEV = 19  # EIO on a Pico; drivers hand on whichever it is


class Bus:
    """An I2C bus with one chip: 256 registers, a pointer that moves on; `script` are answers to reads without a register."""

    def __init__(self, address, registers=()):
        self.address = address
        self.registers = bytearray(256)
        for register, value in dict(registers).items():
            self.set(register, value)
        self.written = []  # (register, value)
        self.commands = []  # what is written otherwise, with `script`
        self.script = None
        self.plugged = True
        self.keeps = True  # a log of what is written
        self.fifo = None  # (register, bytes): reads of it do not move on
        self._at = 0

    def set(self, register, value):
        data = value if isinstance(value, (bytes, bytearray, list, tuple)) else (value,)
        for i in range(len(data)):
            self.registers[register + i] = data[i]

    def _check(self, address):
        if address != self.address or not self.plugged:
            raise OSError(ENODEV)

    def readfrom_mem_into(self, address, register, buffer):
        self._check(address)
        if self.fifo and register == self.fifo[0]:
            for i in range(len(buffer)):
                buffer[i] = self.fifo[1][self._at]
                self._at += 1
            return
        for i in range(len(buffer)):
            buffer[i] = self.registers[register + i & 0x7F if self.seven_bits else register + i]

    seven_bits = False  # the register's top bit is no part of its number

    def readfrom_into(self, address, buffer):
        self._check(address)
        for i in range(len(buffer)):
            buffer[i] = self.script[i]

    def writeto(self, address, data):
        self._check(address)
        if self.script is not None:
            if self.keeps:
                self.commands.append(bytes(data))
            return
        if self.keeps:
            self.written.append((data[0], data[1]))
        self.registers[data[0]] = data[1]


def locked(function, samples, start, n_max=None):
    """What the function returns; where there is a heap to lock, an allocation in it raises MemoryError."""
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:  # CPython
        heap_lock = heap_unlock = int
    heap_lock()
    try:
        return function(samples, start) if n_max is None else function(samples, start, n_max)  # *arguments would allocate
    finally:
        heap_unlock()


def refused(error_class, words, function, *arguments, **options):
    """`function` raises `error_class` with one line that has `words` in it."""
    try:
        function(*arguments, **options)
    except error_class as error:
        text = str(error)
        assert words in text, text
        assert "\n" not in text, text
    else:
        raise AssertionError(f"{function} is not refused {arguments} {options}")


def close(a, b, relative=1e-5):
    return abs(a - b) <= relative * max(abs(a), abs(b), 1e-9)
