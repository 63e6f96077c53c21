"""Frames: whatever is in them, no byte that a terminal takes for itself travels; damage and loss are seen."""

import random
import struct
from array import array

import pytest

from edgewise_rt import frames
from edgewise_rt.frames import ESCAPE, RESERVED, START, STOP, Decoder, Writer

TAKEN = {byte for byte in range(32) if RESERVED >> byte & 1}


class Line:
    """A writer, and all that it wrote."""

    def __init__(self, most: int = 1024):
        self.sent: list[bytes] = []
        self.writer = Writer(lambda buffer, n: self.sent.append(bytes(buffer[:n])), most)

    def send(self, kind: int, payload: bytes) -> bytes:
        self.writer.send(kind, payload, len(payload))
        return self.sent[-1]


def test_reserved_bytes():
    assert {0x03, 0x04, 0x0A, 0x0D, 0x11, 0x13, START, STOP, ESCAPE} == TAKEN


def test_every_byte_comes_back():
    line, decoder = Line(), Decoder()
    payloads = [b"", bytes(range(256)), bytes(TAKEN) * 20, random.Random(1).randbytes(1024)]
    found = []
    for payload in payloads:
        frame = line.send(frames.SAMPLES, payload)
        assert frame[0] == START
        assert frame[-1] == STOP
        assert not TAKEN & {*frame[1:-1]} - {ESCAPE}
        found += decoder.feed(frame)
    assert found == [(frames.SAMPLES, payload) for payload in payloads]
    assert (decoder.lost, decoder.damaged, decoder.text) == (0, 0, b"")


def test_crc_is_that_of_the_catalog():
    # CRC-16/IBM-3740 of "123456789" is 0x29B1: reveng.sourceforge.io, catalogue of parametrised CRC algorithms
    state = array("i", [0, 0xFFFF])
    frames.stuff(b"123456789", 9, bytearray(20), state)
    assert state[1] == 0x29B1


def test_two_buffers_are_one_payload():
    line, decoder = Line(), Decoder()
    ticks, counts = array("i", [1, 2, 3]), array("h", [-1, 0x0403, 32767, -32768])
    line.writer.send(frames.SAMPLES, ticks, 8, counts, 6)
    assert decoder.feed(line.sent[0]) == [(frames.SAMPLES, struct.pack("<2i3h", 1, 2, -1, 0x0403, 32767))]


def test_pieces_of_any_size():
    line = Line()
    stream = b"".join(line.send(frames.LABEL, random.Random(i).randbytes(i)) for i in range(40))
    for size in (1, 2, 7, 100):
        decoder = Decoder()
        found = [frame for i in range(0, len(stream), size) for frame in decoder.feed(stream[i : i + size])]
        assert [len(payload) for _, payload in found] == list(range(40))


def test_lost_frames_are_counted_over_the_wrap():
    line, decoder = Line(), Decoder()
    line.writer._sequence = 0xFFFE
    sent = [line.send(frames.LABEL, bytes([i])) for i in range(6)]
    found = decoder.feed(sent[0] + sent[3] + sent[5])
    assert [payload[0] for _, payload in found] == [0, 3, 5]
    assert decoder.lost == 3


@pytest.mark.parametrize("place", range(1, 15))
def test_each_changed_byte_damages_its_frame_alone(place: int):
    line, decoder = Line(), Decoder()
    sent = [line.send(frames.LABEL, b"payload") for _ in range(3)]
    damaged = bytearray(sent[1])
    damaged[place] ^= 0x21
    found = decoder.feed(sent[0] + damaged + sent[2])
    assert len(found) == 2
    assert decoder.lost == 1
    assert decoder.damaged >= 1


def test_text_between_frames_is_kept():
    line, decoder = Line(), Decoder()
    one, two = line.send(frames.LABEL, b"one"), line.send(frames.LABEL, b"two")
    assert len(decoder.feed(b"hello\r\n" + one + b"Traceback\r\n" + two + b"end")) == 2
    assert decoder.text == b"hello\r\nTraceback\r\nend"


def test_a_traceback_in_a_frame_that_was_cut():
    line, decoder = Line(), Decoder()
    frame = line.send(frames.LABEL, b"x" * 20)
    assert decoder.feed(frame[:10] + b"\r\nTraceback\r\n" + line.send(frames.LABEL, b"y")) == [(frames.LABEL, b"y")]
    assert decoder.damaged == 1
    assert b"Traceback" in decoder.text


def test_a_frame_without_end_is_given_up():
    decoder = Decoder()
    decoder.feed(bytes([START]) + b"x" * 10000)
    assert decoder.damaged == 1
    assert len(decoder.text) >= 10000 - 2


def test_too_long():
    with pytest.raises(ValueError, match="at most 10 fit"):
        Line(10).send(frames.LABEL, bytes(11))
    with pytest.raises(ValueError, match="at most 4096"):
        Writer(print, 5000)
