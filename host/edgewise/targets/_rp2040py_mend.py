"""rp2040py's command line with three mends, and sensors; a script: python -P _rp2040py_mend.py [OPTIONS] -- micropython ...

Seen in rp2040py 0.3.6; all three replace methods at run time, so its files stay as they are.

1. USB. A read that the firmware arms on its OUT endpoint is answered after 10 us even when the host has nothing to
   send, with an empty packet. A real host answers NAK and the read stays armed. TinyUSB arms again at once, so the
   firmware spends its time in USB interrupts and bytecode runs 3 times slower, in emulated time too.
2. Idle. The simulator spins a core while the chip sleeps, and a byte from the host waits for the end of the spin:
   96 % of a host core when idle, 3 % with the mend. Emulated time keeps to real time while the chip sleeps, as host
   programs expect; with --fast a sleep that has an end is jumped over instead.
3. Orphans. The process ends with its parent, however that ends: its stdin is a pipe that closes then. Each line on it is
   told to the sensors.
"""

import argparse
import asyncio
import dataclasses
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rp2040py.boards import BOARDS
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC

IDLE_CHECK_NS = 1_000_000  # emulated time between two looks whether the chip sleeps
IDLE_SLEEP_S = 0.001  # about as long, so that emulated time keeps up with real time while the chip sleeps


class OneShot:
    """An alarm of the emulated clock that is scheduled at most once until it fires."""

    def __init__(self, clock: Any, action: Callable[[], None]):
        self._action = action
        self._scheduled = False
        self._alarm = clock.create_alarm(self._fire)

    def schedule(self, nanoseconds: int) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._alarm.schedule(nanoseconds)

    def _fire(self) -> None:
        self._scheduled = False
        self._action()


def mend_usb() -> None:
    """An armed read with nothing to deliver stays armed until a byte arrives."""
    start, on_reset = USBCDC.__init__, USBCDC._on_controller_reset

    def __init__(self: Any, usb: Any) -> None:
        self._armed_size = None  # what the firmware asked for and has not got
        start(self, usb)
        answer_read = usb.on_endpoint_read

        def on_endpoint_read(endpoint: int, size: int) -> None:
            if endpoint == self._out_endpoint and self.tx_fifo.empty:
                self._armed_size = size
            else:
                answer_read(endpoint, size)

        def deliver() -> None:
            if self._armed_size is not None and not self.tx_fifo.empty:
                size, self._armed_size = min(self._armed_size, self.tx_fifo.item_count), None
                packet = bytearray(self.tx_fifo.pull() for _ in range(size))
                usb.endpoint_read_done(self._out_endpoint, packet, 0)

        usb.on_endpoint_read = on_endpoint_read
        self._delivery = OneShot(usb.rp2040.clock, deliver)

    def send_serial_byte(self: Any, byte: int) -> None:
        self.tx_fifo.push(byte)
        if self._armed_size is not None:
            self._delivery.schedule(self.usb.read_delay_microseconds * 1000)

    def _on_controller_reset(self: Any) -> None:
        self._armed_size = None
        on_reset(self)

    for method in (__init__, send_serial_byte, _on_controller_reset):
        setattr(USBCDC, method.__name__, method)


def mend_idle(fast: bool) -> None:
    """A batch of instructions ends when the chip sleeps, and the host then sleeps too; if fast, only where nothing is due."""

    async def execute(self: Any) -> None:
        self.stopped = self._stop_asked = self._idle = False

        def look() -> None:
            if self.rp2040.core.waiting and not (fast and self.clock.has_scheduled_alarm):  # this alarm is not counted
                self._idle = True
                self.stopped = True  # ends this batch only: stop() alone sets _stop_asked
            alarm.schedule(IDLE_CHECK_NS)

        alarm = self.clock.create_alarm(look)
        alarm.schedule(IDLE_CHECK_NS)
        try:
            while not self._stop_asked:
                if self.rp2040.run_pin_low:  # held in reset
                    await asyncio.sleep(0.005)
                    continue
                self._execute_batch()
                if self.stopped and not self._idle:  # a break in the firmware
                    break
                pause = IDLE_SLEEP_S if self._idle else 0
                self._idle = False
                self.stopped = self._stop_asked
                await asyncio.sleep(pause)
        except Exception as error:
            self.engine_room_error = error
            raise
        finally:
            self.stopped = True

    def stop(self: Any) -> None:
        self._stop_asked = self.stopped = True

    setattr(Simulator, "execute", execute)  # noqa: B010 - mypy forbids plain assignment to a method
    setattr(Simulator, "stop", stop)  # noqa: B010


def end_with_parent(on_line: Callable[[str], None]) -> None:
    """End the process when its stdin closes; until then, each line of it goes to `on_line`."""

    def watch() -> None:
        heard = b""
        while piece := os.read(0, 4096):  # not sys.stdin: its lock, held here, would stop the interpreter from ending
            *lines, heard = (heard + piece).split(b"\n")
            for line in lines:
                try:
                    on_line(line.decode(errors="replace"))
                except ValueError as error:
                    print(error, file=sys.stderr, flush=True)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def module_beside(name: str) -> Any:
    """`name`.py of this folder, which is not on sys.path: it would hide pyserial."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    from rp2040py.cli import main

    parser = argparse.ArgumentParser()
    parser.add_argument("--sensor", action="append", default=[])
    parser.add_argument("--adc", action="append", default=[])
    parser.add_argument("--timed", action="store_true")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    around = module_beside("_sensors").surround(options.sensor, options.adc, options.timed)
    BOARDS["pico"] = dataclasses.replace(BOARDS["pico"], extras=(*BOARDS["pico"].extras, lambda: around))
    mend_usb()
    mend_idle(options.fast)
    end_with_parent(around.hear)
    main(options.command)
