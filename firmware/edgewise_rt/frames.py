"""Frames on the serial line of the REPL: between them text may stand, such as a traceback.

A frame is START, body, END. The body is kind (1 byte), sequence number (2), length of the payload (2), payload, CRC-16 (2) of all
of these; numbers low byte first. In the body each byte that a terminal or the raw REPL could take for itself travels as ESCAPE
and the byte with bit 6 turned over: Ctrl-C, Ctrl-D, line ends, XON and XOFF, and the three of the frame itself.
CRC: polynomial 0x1021, start 0xFFFF, as CRC-16/IBM-3740.
"""

from array import array

try:
    import micropython
    from micropython import const
except ImportError:  # CPython
    from edgewise_rt.host import micropython, ptr8, ptr32

    const = micropython.const

HELLO = const(1)  # JSON: sensor, axes, units, scales, offsets, rate_hz, board, ...
SAMPLES = const(2)  # n ticks_us of 4 bytes (see sampler.GAP), then n * n_axes counts of 2
LABEL = const(3)  # 4-byte numbers: window, tick of its last sample, class or -1; then float32 probabilities, or the value
STATUS = const(4)  # STATUS_FIELDS, 4 bytes each
END = const(5)  # JSON: reason, samples, missed, ...
STATUS_FIELDS = ("missed", "late", "shortest_us", "longest_us", "waiting")

START = const(0x1D)
STOP = const(0x1C)
ESCAPE = const(0x10)
TURN = const(0x40)
RESERVED = const(0x300B2418)  # bits 3, 4, 10, 13, 16, 17, 19, 28, 29
MOST = const(4096)  # bytes of a payload

_HEAD = const(5)
_AT = const(0)  # in the state: place in the output, CRC
_CRC = const(1)


class Writer:
    """Sends frames with payloads of up to `most` bytes by `write(buffer, n)`, as of sys.stdout.buffer.

    `send` allocates nothing.
    """

    def __init__(self, write, most):
        if most > MOST:
            raise ValueError("frames of %d bytes: at most %d can be sent" % (most, MOST))
        self._write = write
        self._most = most
        self._out = bytearray(2 * (most + _HEAD + 2) + 2)  # were each byte escaped
        self._head = bytearray(_HEAD)
        self._check = bytearray(2)
        self._state = array("i", [0, 0])
        self._sequence = 0

    def send(self, kind, first, n_first, second=None, n_second=0):
        """A frame whose payload is n_first bytes of the buffer `first`, then n_second of `second`."""
        length = n_first + n_second
        if length > self._most:
            raise ValueError("a payload of %d bytes: at most %d fit" % (length, self._most))
        state, out, head = self._state, self._out, self._head
        head[0] = kind
        head[1] = self._sequence & 255
        head[2] = self._sequence >> 8
        head[3] = length & 255
        head[4] = length >> 8
        self._sequence = (self._sequence + 1) & 0xFFFF
        out[0] = START
        state[_AT] = 1
        state[_CRC] = 0xFFFF
        stuff(head, _HEAD, out, state)
        stuff(first, n_first, out, state)
        if n_second:
            stuff(second, n_second, out, state)
        crc = state[_CRC]
        self._check[0] = crc & 255
        self._check[1] = crc >> 8
        stuff(self._check, 2, out, state)
        at = state[_AT]
        out[at] = STOP
        self._write(out, at + 1)

    def text(self, kind, text):
        """A frame of text; allocates."""
        packed = text.encode()
        self.send(kind, packed, len(packed))


@micropython.viper
def stuff(source, n: int, out: ptr8, state: ptr32):
    """Adds n bytes of a buffer to the output, and to the CRC."""
    data = ptr8(source)
    at = int(state[_AT])
    crc = int(state[_CRC])
    i = 0
    while i < n:
        byte = int(data[i])
        x = crc >> 8 ^ byte
        x ^= x >> 4
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF
        if byte < 32 and RESERVED >> byte & 1:
            out[at] = ESCAPE
            at += 1
            byte ^= TURN
        out[at] = byte
        at += 1
        i += 1
    state[_AT] = at
    state[_CRC] = crc


class Decoder:
    """Takes bytes as they come and gives back whole frames; what is missing or damaged is counted.

    lost: frames that the sequence numbers lack. damaged: that were begun and are not whole. text: what stood between frames, and
    the damaged ones; its owner may take it away.
    """

    def __init__(self):
        self.lost = 0
        self.damaged = 0
        self.text = bytearray()
        self._body = None  # of the frame begun
        self._escaped = False
        self._next = None

    def feed(self, piece):
        """[(kind, payload), ...] of the frames that end in this piece."""
        frames = []
        for byte in piece:
            body = self._body
            if byte == START:
                self._give_up()
                self._body = bytearray()
            elif body is None:
                self.text.append(byte)
            elif byte == STOP:
                self._body = None
                frame = None if self._escaped else self._opened(body)
                if frame:
                    frames.append(frame)
                else:
                    self.damaged += 1
                self._escaped = False
            elif self._escaped:
                body.append(byte ^ TURN)
                self._escaped = False
            elif byte == ESCAPE:
                self._escaped = True
            elif (byte < 32 and RESERVED >> byte & 1) or len(body) > MOST + _HEAD + 2:
                self._give_up()  # the sender stopped in the middle, and something else writes
                self.text.append(byte)
            else:
                body.append(byte)
        return frames

    def _give_up(self):
        if self._body is not None:
            self.damaged += 1
            self.text.extend(self._body)
            self._body = None
        self._escaped = False

    def _opened(self, body):
        """(kind, payload) of a whole frame, or None."""
        length = len(body) - _HEAD - 2
        if length < 0 or length != body[3] | body[4] << 8:
            return None
        state = array("i", [0, 0xFFFF])
        stuff(body, _HEAD + length, bytearray(2 * len(body)), state)
        if state[_CRC] != body[-2] | body[-1] << 8:
            return None
        sequence = body[1] | body[2] << 8
        if self._next is not None:
            self.lost += (sequence - self._next) & 0xFFFF
        self._next = (sequence + 1) & 0xFFFF
        return body[0], bytes(body[_HEAD : _HEAD + length])
