"""What happens to a board in the middle of its work: it is told in one line, and the board stays usable."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import TARGETS
from models import fitted, program_of

from edgewise.artifact import Artifact, of_program
from edgewise.deploy import deploy
from edgewise.errors import DeviceError, PortError
from edgewise.targets import SerialBoard, Target, connect
from edgewise.targets.emulated_pico import BOOT_PATIENCE_S, EmulatedPico
from edgewise.verify import verify

CASE = "DecisionTreeClassifier-text"
RESET = "import machine\nmachine.reset()"


@pytest.fixture
def artifact() -> Artifact:
    artifact = of_program(program_of(CASE), fitted(CASE).held_out)
    assert artifact.evidence is not None
    return replace(artifact, evidence=artifact.evidence.take(np.arange(400) % len(artifact.evidence)))


def one_line(error: pytest.ExceptionInfo) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_board_that_restarts_is_told_from_one_that_is_slow(emulated_pico: Target):
    with pytest.raises(DeviceError, match="restarted while a program ran; run the command again") as error:
        emulated_pico.exec(RESET, timeout_s=3)  # its port stays: nothing is said until the host speaks
    one_line(error)
    with pytest.raises(DeviceError, match="restarted while a program ran"):
        emulated_pico.exec("print('MicroPython v1.25.0 on a board\\n>>> ')\nwhile True: pass", timeout_s=60)
    with pytest.raises(DeviceError, match="took too long and was interrupted"):
        emulated_pico.exec("while True: pass", timeout_s=1)
    assert emulated_pico.eval("1 + 1") == 2


@pytest.mark.parametrize("port", TARGETS)
def test_an_interrupted_verify_leaves_the_target_usable(port: str, artifact: Artifact, request: pytest.FixtureRequest):
    target = request.getfixturevalue(port)
    deploy(artifact, target)
    before = target.eval("sorted(dir())")

    def interrupt(done: int, total: int) -> None:
        assert 0 < done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(artifact, target, on_progress=interrupt)
    assert target.eval("sorted(dir())") == before
    assert verify(artifact, target, 10).n_equal == 10
    target.soft_reset()  # others import a module of this name, too


def test_a_board_that_is_pulled_out_while_it_verifies(artifact: Artifact):
    with connect("emulator") as pico:
        assert isinstance(pico, EmulatedPico)
        deploy(artifact, pico)
        with pytest.raises(PortError, match="is lost: it ended with exit status -9") as error:
            verify(artifact, pico, on_progress=lambda *_: pico._emulator._process.kill())
        one_line(error)


def test_a_board_that_is_let_go_while_it_copies_keeps_the_old_file(artifact: Artifact):
    """The connection ends; the board goes on. The next connection finds it at its prompt, and the earlier file whole."""
    path = f"/lib/{artifact.name}.mpy"
    with connect("emulator") as pico:
        assert isinstance(pico, EmulatedPico)
        pico.put(path, b"an earlier file")

        def unplug(*_progress: int) -> None:
            pico._serial._port.close()

        with pytest.raises(PortError, match="is lost"):
            pico.put(path, bytes(3000), on_progress=unplug)
        with SerialBoard(pico.address, BOOT_PATIENCE_S) as again:
            assert again.get(path) == b"an earlier file"
            again.remove(path)
            deploy(artifact, again)
            assert verify(artifact, again, 10).n_equal == 10
