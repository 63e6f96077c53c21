"""Packed numbers are read in place, whatever their code. Runs on CPython and every MicroPython."""

from array import array

from tiny_common import _view


def read(code, packed, size):
    view = _view(code, packed)
    return [view[i] for i in range(len(packed) // size)]


def test_codes():
    assert read("B", b"\x00\x01\xff", 1) == [0, 1, 255]
    assert read("H", b"\x00\x00\x01\x00\xff\xff", 2) == [0, 1, 65535]
    assert read("I", b"\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\x3f", 4) == [0, 1, 2**30 - 1]
    assert read("f", b"\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x80\x7f", 4) == [1, -2, float("inf")]


def test_floats_keep_their_bits():
    # one third, the largest, the smallest normal number, one unit above one, minus zero
    packed = b"\xab\xaa\xaa\x3e\xff\xff\x7f\x7f\x00\x00\x80\x00\x01\x00\x80\x3f\x00\x00\x00\x80"
    assert bytes(array("f", read("f", packed, 4))) == packed


def test_no_bytes_at_all():
    for code in "BHIf":
        _view(code, b"")
