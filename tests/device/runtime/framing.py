"""Frames made here and read here; a frame allocates nothing."""

from array import array

import micropython

from edgewise_rt import frames


def test_there_and_back():
    sent, decoder = [], frames.Decoder()
    writer = frames.Writer(lambda buffer, n: sent.append(bytes(memoryview(buffer)[:n])), 1024)
    ticks, counts = array("i", [3, 0x040A0D, 0x7FFFFFFF]), array("h", [-32768, 32767, 0x1011, 0x1D1C, -1, 0])
    writer.send(frames.SAMPLES, ticks, 12, counts, 12)
    writer.text(frames.END, "all")
    found = []
    for piece in sent:
        found += decoder.feed(piece)
    assert found == [(frames.SAMPLES, bytes(ticks) + bytes(counts)), (frames.END, b"all")]
    assert (decoder.lost, decoder.damaged) == (0, 0)


def test_the_crc_of_the_catalog():
    state = array("i", [0, 0xFFFF])
    frames.stuff(b"123456789", 9, bytearray(20), state)
    assert state[1] == 0x29B1


def test_nothing_is_allocated():
    writer = frames.Writer(lambda buffer, n: n, 256)
    ticks, counts = array("i", [0] * 20), array("h", [0] * 60)
    micropython.heap_lock()
    try:
        writer.send(frames.SAMPLES, ticks, 80, counts, 120)
    finally:
        micropython.heap_unlock()
