"""Random models of every kind on every MicroPython, held to scikit-learn row by row.

EDGEWISE_FUZZ_MODELS: how many on the unix port in all. EDGEWISE_FUZZ_SEED: a number; the same one draws the same models.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from fuzz.attack import Failed, Refused, Unfitted, attack
from fuzz.families import FAMILIES, of_family
from fuzz.specs import KINDS, Spec, build
from fuzz.strategies import Size, options, specs
from fuzz.tally import Tally, lines
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis.strategies import SearchStrategy

from edgewise import Target, bounds, float32
from edgewise.backends import table
from edgewise.lower import LOWERINGS

SEED = int(os.environ.get("EDGEWISE_FUZZ_SEED", "0"))
MODELS = int(os.environ.get("EDGEWISE_FUZZ_MODELS", "320"))
UNIX = Size(n_rows=300, n_features=300, n_classes=300, n_estimators=12, n_prototype_numbers=6000, n_inputs=320)
QEMU = Size(n_rows=120, n_features=40, n_classes=100, n_estimators=8, n_prototype_numbers=1000, n_inputs=180)
PICO = Size(n_rows=30, n_features=6, n_classes=8, n_estimators=4, n_prototype_numbers=24, n_inputs=150)
BY_KIND = tuple(options(UNIX))  # the classes that are drawn one by one; the others by family
DRAWN = (*BY_KIND, *FAMILIES)
RUNTIMES = {  # fixture: limits, models of each kind
    "unix_port": (UNIX, -(-MODELS // len(DRAWN))),
    "cortex_m3": (QEMU, 4),
    "riscv": (QEMU, 4),
    "emulated_pico": (PICO, 1),  # ten seconds
}

# scikit-learn warns in many words of data as odd as these; what it answers is what counts.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_random_models(runtime: str, kind: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]):
    target: Target = request.getfixturevalue(runtime)
    size, n_models = RUNTIMES[runtime]
    tally = Tally(runtime, kind)
    try:
        search(size, n_models, target, tally)
    finally:
        record_property(*tally.record())
    counts = tally.counts
    assert counts["models"] >= n_models
    assert counts["equal"] + counts["explained"] == counts["predictions"] >= n_models * size.n_inputs


def drawn(kind: str, size: Size) -> SearchStrategy[Spec]:
    """kind: of DRAWN."""
    if kind in FAMILIES:
        return of_family(kind, min(size.n_rows, 60), size.n_features, size.n_inputs)
    return specs(kind, size)


def search(size: Size, n_models: int, target: Target, tally: Tally, start: int = SEED) -> None:
    """Attacks with `n_models` models of the tally's kind; raises Failed with the smallest Spec found that fails.

    start: the seed.
    """
    target.soft_reset()
    heap_free = target.info().heap_free

    @seed(zlib.crc32(f"{start} {tally.kind}".encode()))
    @settings(
        max_examples=n_models,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),  # fitting takes long, and refusals are counted
    )
    @given(drawn(tally.kind, size))
    def each(spec: Spec) -> None:
        try:
            verification = attack(spec, target, heap_free)
        except Refused:
            tally.counts["refused"] += 1
            reject()
        except Unfitted:
            tally.counts["unfitted"] += 1
            reject()
        else:
            tally.counts["models"] += 1
            tally.counts["predictions"] += verification.n_rows
            tally.counts["equal"] += verification.n_equal
            tally.counts["explained"] += verification.n_explained

    try:
        each()
    except Failed as error:
        raise Failed(f"{error}\nfound with EDGEWISE_FUZZ_SEED={start} on {tally.runtime}") from None


ONCE_FAILED = {
    "no intercept, but three classes": Spec("LinearSVC", {"fit_intercept": False}, n_classes=3, n_inputs=40),
    "coefficients below 1e-38": Spec("LinearRegression", n_features=6, values="large", target="tiny", n_inputs=40),
    "thresholds below 1e-38": Spec(
        "DecisionTreeClassifier", scaler="StandardScaler", n_rows=40, n_features=3, n_classes=2, values="denormal", seed=1
    ),
    "distances below 1e-38": Spec(
        "KNeighborsRegressor",
        {"n_neighbors": 2, "metric": "manhattan", "weights": "distance"},
        scaler="StandardScaler",
        n_rows=12,
        n_features=3,
        values="denormal",
        n_inputs=60,
        seed=1,
    ),
    "inverse distances times huge values": Spec(
        "KNeighborsRegressor",
        {"n_neighbors": 5, "metric": "manhattan", "weights": "distance"},
        n_rows=12,
        n_features=3,
        values="denormal",
        target="huge",
        n_inputs=60,
    ),
}


@pytest.mark.parametrize("name", ONCE_FAILED)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_once_failed(runtime: str, name: str, request: pytest.FixtureRequest):
    attack(ONCE_FAILED[name], request.getfixturevalue(runtime))


# The attack itself


def test_every_kind_is_drawn():
    named = set(BY_KIND) | {kind for kinds in FAMILIES.values() for kind in kinds}
    assert named <= set(KINDS)
    # the tables that read them are those of others that are drawn
    assert {LOWERINGS[KINDS[kind]].__module__ for kind in named} == {lowering.__module__ for lowering in LOWERINGS.values()}


@pytest.mark.parametrize(
    "spec",
    [
        Spec("DecisionTreeRegressor", n_rows=64, n_features=1, target="tripling", values="normal"),
        Spec("DecisionTreeClassifier", n_rows=64, n_features=1, n_classes=64, weights="tripling", values="normal"),
    ],
)
def test_tripling_grows_deep_trees(spec: Spec):
    assert build(spec).estimator.get_depth() >= 40  # type: ignore[attr-defined]


def _nearest(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


def _one_more(accepts: Callable, n: int, exact: Callable = float32.largest_accepted) -> np.ndarray:
    return np.nextafter(exact(accepts, n), np.float32(np.inf))


def _pack_halves(values: np.ndarray) -> bytes:
    return np.float16(values).astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("kind", "place", "name", "mistake"),
    [
        ("DecisionTreeClassifier", float32, "round_down", _nearest),
        ("ExtraTreesRegressor", float32, "round_down", _nearest),
        ("RandomForestClassifier", float32, "largest_accepted", _one_more),
        ("DecisionTreeRegressor", bounds, "tree_value_bound", lambda core: 0.0),
        ("LinearRegression", bounds, "linear_bound", lambda core, offset: np.zeros(len(core.coef))),
        ("LogisticRegression", table, "pack_floats", _pack_halves),
        ("KNeighborsClassifier", table, "pack_floats", _pack_halves),
    ],
)
def test_mistakes_are_found(
    kind: str, place: object, name: str, mistake: object, unix_port: Target, monkeypatch: pytest.MonkeyPatch
):
    """The first model that a mistake shows in is shrunk, and its Spec makes the failure again."""
    monkeypatch.setattr(place, name, mistake)
    with pytest.raises(Failed) as caught:
        search(PICO, 60, unix_port, Tally("unix_port", kind), start=0)
    message = str(caught.value)
    assert "EDGEWISE_FUZZ_SEED=0" in message
    found = eval(message.split("to see it again: attack(", 1)[1].split(", target)", 1)[0], {"Spec": Spec})
    with pytest.raises(Failed):
        attack(found, unix_port)
    monkeypatch.undo()
    attack(found, unix_port)


def test_the_summary_adds_up():
    counts = Counter(models=2, predictions=10, equal=9, explained=1)
    tallies = [Tally("unix_port", "Ridge", counts), Tally("unix_port", "Lasso", counts), Tally("riscv", "Ridge", counts)]
    reports = [SimpleNamespace(when="call", user_properties=[tally.record()]) for tally in tallies]
    found = [line.split() for line in lines([*reports, SimpleNamespace()])]
    assert found[3] == ["all", "4", "20", "18", "2", "0", "0"]
    assert [row[0] for row in found] == ["unix_port", "Ridge", "Lasso", "all", "riscv", "Ridge", "all"]
