"""Bytecode files: what their header says, and that one is enough for every architecture, run here or not."""

import numpy as np
import pytest
from models import CASES, backends, program_of

from edgewise import mpy
from edgewise.errors import ModelFileError
from edgewise.mpy import ARCHITECTURES, cross_compile, header

BOARDS = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")  # of boards/*/board.json
NATIVE = "import micropython\n@micropython.viper\ndef f(x: int) -> int:\n return x + 1\n"


@pytest.mark.parametrize(("case", "backend"), [(case, backend) for case in CASES for backend in backends(case)])
def test_a_module_is_the_same_bytecode_for_every_architecture(case: str, backend: str):
    program = program_of(case, backend=backend)
    compiled = cross_compile(program.name, program.source, "xtensawin")
    head = header(compiled)
    assert (head.version, head.arch, head.small_int_bits) == (6, None, 31)
    assert compiled == program.mpy


@pytest.mark.parametrize("arch", BOARDS)
def test_native_code_is_marked_with_its_architecture(arch: str):
    assert arch in ARCHITECTURES
    head = header(cross_compile("native", NATIVE, arch))
    assert (head.version, head.sub_version, head.arch) == (6, 3, arch)


@pytest.mark.parametrize("n_bytes", [5_000, 16_383, 16_384, 3_000_000])
def test_large_constants_are_put_in_as_mpy_cross_does(n_bytes: int, monkeypatch: pytest.MonkeyPatch):
    """Of one to three groups of seven bits, held by name or folded into two functions."""
    rng = np.random.default_rng(0)
    first, second = rng.bytes(n_bytes), rng.bytes(n_bytes)
    source = f"A = {first!r}\n_B = const({second!r})\ndef f():\n return A, _B\ndef g():\n return _B, 'large constant 0'\n"
    found = cross_compile("large", source)
    monkeypatch.setattr(mpy, "MARKED_CHARACTERS", 10**9)
    assert found == cross_compile("large", source)


def test_an_architecture_that_is_none():
    with pytest.raises(ModelFileError, match=r"mpy-cross refuses native\.py"):
        cross_compile("native", NATIVE, "z80")
    with pytest.raises(ModelFileError, match=r"mpy-cross refuses native\.py"):
        cross_compile("native", NATIVE)
