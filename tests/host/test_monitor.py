"""Bytes of a board to events, from a board that is played."""

import numpy as np
import pytest
from played_board import Board, Played

from edgewise.errors import DeviceError, SensorError
from edgewise.monitor import End, Event, Hello, Label, Reader, Samples, Status, monitor


def read(*pieces: bytes) -> list[Event]:
    reader = Reader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_hello_is_exact():
    board = Board()
    (hello,) = read(board.hello(classes=["a", "b"], length=128, hop=64))
    assert isinstance(hello, Hello)
    assert hello.scales == (np.float32(0.1), 2)
    assert (hello.offsets, hello.classes, hello.axes) == ((0, -1), ("a", "b"), ("x", "y"))


def test_ticks_begin_again():
    board = Board()
    wrap = 2**30
    ticks = [wrap - 20000, wrap - 10000, 0]
    found = read(board.hello(), board.samples(ticks, range(6)), board.samples([10000 | wrap, 20007], range(4)))
    times = np.concatenate([event.times_us for event in found if isinstance(event, Samples)])
    assert times.tolist() == [0, 10000, 20000, 30000, 40007]
    assert isinstance(found[1], Samples)
    assert found[1].counts.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert found[1].counts.dtype == np.int16


def test_labels_and_values():
    board = Board()
    start = board.samples([500, 1000500], [0] * 4)
    found = read(board.hello(classes=["a", "b"]), start, board.label(3, 990500, 1, 0.25, 0.75), board.status(1, 2, 3, 4, 5))
    assert found[2:] == [Label(3, 0.99, "b", (0.25, 0.75)), Status(1, 2, 3, 4, 5)]
    assert read(board.hello(), start, board.label(0, 1000500, -1, 21.5))[2] == Label(0, 1.0, 21.5, ())


def test_what_comes_before_hello_is_left_out():
    board = Board()
    assert read(board.samples([1], [1, 2]), board.label(0, 0, 0, 1.0)) == []


def test_another_version():
    board = Board()
    with pytest.raises(DeviceError, match="copy the runtime again"):
        read(board.frame(77, b""))
    with pytest.raises(DeviceError, match="copy the runtime again"):
        read(board.hello(unheard=1))


def test_monitor_ends_with_the_board_running_again():
    board = Board()
    target = Played(board.hello(), board.samples([1], [1, 2]), board.end("interrupted", samples=4, missed=2))
    events: list[Event] = []
    reader = monitor(target, events.append)
    assert reader.lost == 0
    assert events[-1] == End("interrupted", 4, 2)
    assert target.restarted


def test_a_sensor_that_does_not_open():
    target = Played(Board().end("mpu6050 does not answer"))
    with pytest.raises(SensorError, match="the played board: mpu6050 does not answer"):
        monitor(target, lambda event: None)
    assert target.restarted


def test_a_sensor_that_stops():
    board = Board()
    with pytest.raises(SensorError, match="stopped"):
        monitor(Played(board.hello(), board.end("the sensor stopped answering (error 5)")), lambda event: None)


def test_an_end_without_a_word():
    board = Board()
    with pytest.raises(DeviceError, match="its last output was: out of order"):
        monitor(Played(board.hello(), b"...\r\nout of order\r\n"), lambda event: None)


def test_silence(monkeypatch: pytest.MonkeyPatch):
    times = iter(range(0, 10000, 20))
    monkeypatch.setattr("edgewise.monitor.time.monotonic", lambda: next(times))
    with pytest.raises(DeviceError, match="sent nothing for 30 s"):
        monitor(Played(Board().hello(), *[b""] * 5), lambda event: None)
