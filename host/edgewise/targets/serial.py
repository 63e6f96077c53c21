"""A board behind a serial port, through mpremote's transport: the only file that knows mpremote's insides."""

import ast
import errno
import math
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import mpremote.transport_serial
import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from edgewise.errors import DeviceError, PortError
from edgewise.targets.target import FILE_TIMEOUT_S, STOP_TIMEOUT_S, Target, board_full, device_call, device_error, print_call

PATIENCE_S = (1.0, 3.0, 6.0)  # for an answer, one try each: a board that opening the port resets is deaf for a second
SEND_TIMEOUT_S = 30.0  # for the board to take a program; raw paste moves 8 kB/s to an emulated Pico
BANNER, PROMPT = b"MicroPython v", b"\r\n>>> "  # what a board says that has just started

# mpremote prints what it heard before it raises. A print of its own keeps that off stdout; redirecting stdout would
# also swallow what a progress bar writes from its thread.
vars(mpremote.transport_serial)["print"] = lambda *_: None


class SerialBoard(Target):
    """MicroPython's raw REPL on a port that mpremote can open; "auto" is the first USB serial port.

    `patience_s` are the seconds to wait for the REPL, one try each; a board whose boot.py takes longer needs more.
    The heap is fresh (soft reset) unless `reset` is False. Raises PortError when nothing answers there.
    """

    feeders: tuple[str, ...] = ("received",)
    piece = 252  # bytes of data between two handshakes; device/put.py says why

    def __init__(self, port: str, patience_s: Sequence[float] = PATIENCE_S, reset: bool = True):
        self.name = _first_usb_port() if port == "auto" else port.removeprefix("port:")
        self._patience_s = patience_s
        try:
            self._transport = SerialTransport(self.name, timeout=0.1)
        except (TransportError, OSError, ValueError, TypeError) as error:  # the last two: a malformed URL
            raise PortError(_why_closed(self.name)) from error
        self._serial = _Deadlined(self._transport.serial)
        self._last_words = b""
        self._transport.serial = self._serial
        try:
            self._enter_raw_repl(reset)
        except BaseException:
            self.close()
            raise

    def exec(self, source: str, timeout_s: float | None = None, on_output: Callable[[bytes], None] | None = None) -> str:
        with self._conversation():
            self._send(source)
            self._serial.allow(timeout_s)
            output = self._until_eot(on_output)
            self._raise_error()
        return _text(output)

    def stream(self, source: str, on_bytes: Callable[[bytes], bool | None]) -> None:
        with self._conversation():
            self._serial.heard.clear()  # a main.py that was interrupted has left a banner there
            self._send(source)
            self._serial.allow(None)
            stopped = ended = False
            while not ended:
                piece, eot, rest = self._serial.some().partition(b"\x04")
                ended = bool(eot)
                if PROMPT in self._serial.heard and BANNER in self._serial.heard:
                    raise _Restarted
                if on_bytes(piece) and not (stopped or ended):
                    stopped = True
                    self._serial.write(b"\x03")
                    self._serial.allow(STOP_TIMEOUT_S)
            self._serial.unread = rest
            self._raise_error()

    def put(self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> None:
        try:
            free = ast.literal_eval(self._stream(device_call("put", path, len(data)), data, on_progress).strip())
        except DeviceError as error:
            raise DeviceError(f"put {path} on {self.name}: {error}", error.traceback) from error
        if free is not None:
            raise board_full(path, len(data), free, self.name)

    def _fed(self, function: str, batch: bytes, arguments: tuple[object, ...]) -> str:
        # two thirds of the time that a program with the batch in base64 takes: nothing is parsed
        return self._stream(print_call(function, Received(len(batch)), *arguments), batch)

    def _stream(self, program: str, data: bytes, on_progress: Callable[[int, int], None] | None = None) -> str:
        """What a program prints that takes `data` from stdin, a piece whenever it writes \\x01."""
        pieces = list(_pieces(data, self.piece))
        with self._conversation():
            self._send(program)
            for sent in range(len(pieces) + 1):
                self._serial.allow(FILE_TIMEOUT_S)
                answer = self._serial.read(1)
                if answer != b"\x01":
                    break
                self._serial.write(b"%03d" % len(pieces[sent]) + pieces[sent])
                if on_progress:
                    on_progress(len(data) * (sent + 1) // len(pieces), len(data))
            if answer != b"\x04":
                answer += self._until_eot()
            self._raise_error()
        return _text(answer)

    def soft_reset(self) -> None:
        self._enter_raw_repl(reset=True)

    def restart(self) -> None:
        with self._conversation():
            self._serial.write(b"\r\x03\x02")  # to the friendly prompt: a soft reset from there runs main.py
            self._serial.write(b"\x04")
        with suppress(OSError):
            self._transport.close()

    def close(self) -> None:
        # a port that is gone takes no farewell
        with suppress(OSError):
            self._serial.write(b"\r\x03\r\x02")  # interrupt whatever runs, leave raw REPL for the friendly one
        with suppress(OSError):
            self._transport.close()

    def _enter_raw_repl(self, reset: bool) -> None:
        self._last_words = bytes(self._serial.heard) or self._last_words
        self._serial.heard.clear()
        for patience in self._patience_s:
            self._serial.allow(patience)
            try:
                self._transport.enter_raw_repl(soft_reset=reset, timeout_overall=patience)
                return
            except (TransportError, TimeoutError):
                continue
            except OSError as error:
                if "disconnected" in str(error) and not self._serial.heard:
                    reason = "closed the connection at once; another program has it"
                    raise self._lost(reason, "close that and try again") from error
                raise self._lost(str(error)) from error
        heard = f"answered {bytes(self._serial.heard[-20:])!r}" if self._serial.heard else "answered nothing"
        raise self._lost(f"{heard}, so no MicroPython is there", "put its firmware on the board, or name another port")

    @contextmanager
    def _conversation(self) -> Iterator[None]:
        """Translates what can go wrong on the wire; whatever does, the raw REPL is ready again or PortError raised."""
        try:
            yield
        except DeviceError:  # the board's own answer, complete
            raise
        except (TimeoutError, _Restarted) as error:
            self._enter_raw_repl(reset=False)  # starts with Ctrl-C
            if isinstance(error, _Restarted) or BANNER in self._serial.heard:
                raise DeviceError(f"{self.name} restarted while a program ran; run the command again") from error
            raise DeviceError(f"the program on {self.name} took too long and was interrupted") from error
        except (TransportError, struct.error) as error:
            raise self._lost(str(error)) from error
        except OSError as error:
            raise self._lost(f"the board is gone ({error})") from error
        except BaseException:  # raised by the caller's on_output or on_progress, or a Ctrl-C here
            self._enter_raw_repl(reset=False)
            raise

    def _send(self, source: str) -> None:
        self._serial.allow(SEND_TIMEOUT_S)
        self._transport.exec_raw_no_follow(source)

    def _until_eot(self, on_output: Callable[[bytes], None] | None = None) -> bytes:
        # not mpremote's read_until: it sleeps 10 ms each time it finds nothing, twice for every program
        output, line = bytearray(), bytearray()
        while (byte := self._serial.read(1)) != b"\x04":
            output += byte
            line += byte
            if byte == b" " and output.endswith(PROMPT) and BANNER in output:
                raise _Restarted
            if on_output and byte == b"\n":
                on_output(bytes(line))
                line.clear()
        if on_output and line:
            on_output(bytes(line))
        return bytes(output)

    def _raise_error(self) -> None:
        if traceback := self._until_eot():
            raise device_error(_text(traceback))

    def _lost(self, reason: str, remedy: str = "reconnect the board and try again") -> PortError:
        return PortError(f"{self.name}: {reason}; {remedy}")


class _Restarted(Exception):
    """The friendly prompt came in place of the program's end."""


class Received(int):
    """So many bytes that the program is sent while it runs; the repr is the expression that takes them."""

    def __repr__(self) -> str:
        return f"received({int(self)})"


class _Deadlined:
    """A pyserial port whose reads are exact, or raise TimeoutError at the deadline.

    mpremote checks its own time limits only when nothing arrives, so a chatty device would hold it forever; and it
    takes a short read for an answer.
    """

    def __init__(self, port: Any):
        self._port = port
        port.write_timeout = 10  # seconds; a USB device that hangs takes no bytes
        self._deadline = math.inf
        self.heard = bytearray()  # the last bytes
        self.unread = b""  # of what `some` took, to be read again

    def allow(self, seconds: float | None) -> None:
        """The next reads end within `seconds`, together; None takes the limit away."""
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds

    def inWaiting(self) -> int:  # the name that mpremote calls
        self._check()
        return len(self.unread) or self._port.in_waiting

    def read(self, size: int = 1) -> bytes:
        got, self.unread = self.unread[:size], self.unread[size:]
        while len(got) < size:
            self._check()
            got += self._port.read(size - len(got))
        self.heard = (self.heard + got)[-300:]
        return got

    def some(self) -> bytes:
        """What arrives within the port's own time limit, 0.1 s; may be nothing."""
        self._check()
        got = self._port.read(4096)
        self.heard = (self.heard + got)[-300:]
        return got

    def _check(self) -> None:
        if time.monotonic() > self._deadline:
            raise TimeoutError("no answer in time")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The stream that device/put.py takes, in pieces that split no escape pair."""
    stream = data.replace(b"\xdb", b"\xdb\xdd").replace(b"\x03", b"\xdb\xdc")
    start = 0
    while start < len(stream):
        end = start + size
        end -= stream[end - 1 : end] == b"\xdb"
        yield stream[start:end]
        start = end


def _text(output: bytes) -> str:
    return output.replace(b"\r\n", b"\n").decode(errors="replace")


def _ports() -> str:
    """The serial ports of this machine, for an error message."""
    ports = sorted(port.device for port in list_ports.comports() if port.vid is not None)  # USB: others hold no board
    return f"there is {', '.join(ports)}" if ports else "no board is there: plug one in with a data cable, or use --port emulator"


def _first_usb_port() -> str:
    for port in sorted(list_ports.comports()):
        if port.vid is not None:
            return port.device
    raise PortError("auto: no USB serial port is there; plug the board in with a data cable, or use --port emulator")


def _why_closed(port: str) -> str:
    """mpremote drops the reason why a port would not open: open it again and read the reason."""
    if port.startswith("socket://") and not re.match(r"socket://[^/]+:\d+(\D|$)", port):
        return f"{port}: socket:// needs a host and a port number; edgewise emulate prints such an address"
    try:
        serial.serial_for_url(port, exclusive=True).close()
    except (ValueError, TypeError) as error:
        return f"{port}: no port has such a name ({error}); use auto, a device such as /dev/ttyACM0, or socket://HOST:PORT"
    except OSError as error:
        if port.startswith("socket://"):
            return f"{port}: nothing listens there; start a board there with: edgewise emulate RPI_PICO"
        if error.errno == errno.EACCES:
            return f"{port}: permission denied; run: sudo usermod -aG dialout $USER, then log in again"
        if error.errno in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in str(error):  # the latter on Windows
            return f"{port}: another program has it; close that program and try again"
        if sys.platform == "win32" or not os.path.exists(port):
            return f"{port}: no such port; {_ports()}"
        return f"{port}: cannot be opened ({error}); {_ports()}"
    return f"{port}: could not be opened for a moment; try again"
