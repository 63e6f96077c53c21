"""Neural networks from scikit-learn to whole numbers: exact where it says so, within 32 bits whatever the row."""

import warnings
from functools import cache

import numpy as np
import pytest
from networks import board, composed, corners, network, rows
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from edgewise import exact, reference, transpile
from edgewise.backends.packed_network import pack_network
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Linear, Network
from edgewise.lower import lower
from edgewise.network import ACTIVATIONS, MOST_SCORE, MOST_SUM, FloatNetwork, changed, fitted, quantize
from edgewise.passes import for_board
from edgewise.rounding import Bounded

SEEDS = range(24)
IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


@cache
def fit(kind: str, hidden: tuple[int, ...] = (8,), activation: str = "relu", scaled: bool = True, **options):
    model = {"classifier": MLPClassifier, "regressor": MLPRegressor}[kind](
        hidden_layer_sizes=hidden, activation=activation, random_state=0, max_iter=options.pop("max_iter", 120), **options
    )
    X, y = IRIS if kind == "classifier" else DIABETES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return (make_pipeline(StandardScaler(), model) if scaled else model).fit(X, y)


def run(source: str) -> dict:
    names: dict = {}
    exec(source, names)
    return names


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("hidden", [(8,), (6, 5, 4)])
def test_lowered(activation: str, hidden: tuple[int, ...]):
    X = IRIS[0]
    model = fit("classifier", hidden, activation)
    lowered = lower(model)
    scores = exact.scores(lowered, X)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), model.predict_proba(X), atol=1e-12)
    assert isinstance(lowered.core, Linear if activation == "identity" else Network)
    assert lowered.link == "softmax"


def test_lowered_to_one_score():
    X, y = IRIS
    model = MLPClassifier((5,), random_state=0, max_iter=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y == 1)
    lowered = lower(model)
    np.testing.assert_allclose(1 / (1 + np.exp(-exact.scores(lowered, X)[:, 0])), model.predict_proba(X)[:, 1], atol=1e-12)
    assert lowered.link == "sigmoid"


def test_without_a_hidden_layer_it_is_linear():
    assert isinstance(lower(fit("classifier", ())).core, Linear)


def test_several_values():
    X, y = DIABETES
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, max_iter=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, np.stack([y, -y], axis=1))
    lowered = lower(model)
    assert lowered.decision == "values"
    np.testing.assert_allclose(exact.scores(lowered, X), model.predict(X), rtol=1e-12)


def test_poisson():
    X, y = DIABETES
    model = MLPRegressor(hidden_layer_sizes=(5,), loss="poisson", random_state=0, max_iter=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    lowered = lower(model)
    assert lowered.link == "exp"
    np.testing.assert_allclose(np.exp(exact.scores(lowered, X)[:, 0]), model.predict(X), rtol=1e-12)


def test_several_labels_are_refused_by_name():
    X, y = IRIS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPClassifier((4,), random_state=0, max_iter=3).fit(X, np.stack([y == 0, y == 1], axis=1))
    with pytest.raises(UnsupportedModelError, match=r"MLPClassifier has several labels a row; fit one model for each"):
        lower(model)


@cache
def digits():
    """(network of raw rows, training rows, test rows), less trained than that of the benchmark."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    train, test = X[order[540:]], X[order[:540]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = make_pipeline(StandardScaler(), MLPClassifier((16,), random_state=0, max_iter=40)).fit(train, y[order[540:]])
    return for_board(lower(model), train).core, train, test


def test_digits():
    """Asked: 99.5 % of the classes with weights of 8 bits, all with 16."""
    core, train, test = digits()
    assert changed(core.network, quantize(core.network, train, 8), test) <= 0.005
    assert changed(core.network, quantize(core.network, train, 16), test) == 0


def test_the_narrowest_width_that_is_true_enough():
    core, train, _ = digits()
    assert fitted(core.network, train).bits == 8
    assert fitted(core.network, train, 16).bits == 16


def hard() -> tuple[Network, np.ndarray]:
    """Two scores that differ by a hair in many rows, of weights that lie far apart."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (20, 6))
    second = rng.normal(0, 1, (1, 20)) * np.array([[1.0], [1.0]])
    second[1] += rng.normal(0, 2e-3, 20)
    return Network(((first, np.zeros(20)), (second, np.zeros(2))), "relu"), rng.normal(0, 1, (500, 6))


def test_a_width_that_changes_too_much_is_refused_with_the_next_one():
    found, X = hard()
    share = quantize(found, X, 8).changed
    assert share > 0.005
    with pytest.raises(UnsupportedModelError, match=rf"weights of 8 bits {share:.2%} of the training rows .* use --bits 16"):
        fitted(found, X, 8)
    assert fitted(found, X).bits == 16
    assert fitted(found, X, 8, max_changed=share).bits == 8
    with pytest.raises(
        UnsupportedModelError, match=r"16 bits .* max_changed=-1 allows; use --backend table, which computes in floats"
    ):
        fitted(found, X, max_changed=-1)


@pytest.mark.parametrize(("bits", "X", "message"), [(7, np.ones((2, 6)), "choose 8 or 16"), (8, None, "pass training rows as X")])
def test_refused(bits: int, X: np.ndarray | None, message: str):
    with pytest.raises(UnsupportedModelError, match=message):
        quantize(hard()[0], X, bits)


def test_bits_of_what_has_none():
    X = IRIS[0]
    with pytest.raises(UnsupportedModelError, match="bits=8 is for neural networks"):
        transpile(fit("classifier", ()), X=X, bits=8)
    with pytest.raises(UnsupportedModelError, match="bits=8 is for neural networks and kernel machines in whole numbers"):
        transpile(fit("classifier"), X=X, bits=8, backend="table")
    with pytest.raises(UnsupportedModelError, match="bits=7: use 8 or 16"):
        transpile(fit("classifier"), X=X, bits=7)
    with pytest.raises(UnsupportedModelError, match="max_changed=2 is no share"):
        transpile(fit("classifier"), X=X, max_changed=2)
    with pytest.raises(UnsupportedModelError, match="pass training rows"):
        transpile(fit("classifier"), bits=8)
    assert transpile(fit("classifier")).backend == "table"  # without rows there is no range


def extreme(seed: int) -> tuple[Network, np.ndarray]:
    """Weights, biases and features of sizes that nobody trains."""
    rng = np.random.default_rng(seed)
    found, X = network(seed)
    layers = []
    for weights, bias in found.layers:
        weights = weights * 10 ** rng.choice([0.0, 8.0, -8.0], weights.shape)
        layers.append((weights, bias * 10 ** rng.choice([0.0, 9.0, -9.0], bias.shape)))
    return Network(tuple(layers), found.activation), X


@pytest.mark.parametrize("make", [network, extreme])
def test_no_row_leaves_32_bits(make):
    """Of every layer the largest sum over all inputs that can come, in whole numbers of any size."""
    for seed in SEEDS:
        found, X = make(seed)
        for bits in (8, 16):
            core = quantize(found, X, bits)
            low, high = np.zeros(len(core.places), object), np.full(len(core.places), core.most, object)
            for number, layer in enumerate(core.layers):
                weights = layer.weights.astype(object)
                most = np.where(layer.weights > 0, weights * high, weights * low).sum(axis=1) + layer.start
                least = np.where(layer.weights > 0, weights * low, weights * high).sum(axis=1) + layer.start
                last = number == len(core.layers) - 1
                limit = MOST_SCORE if last else MOST_SUM
                assert max(np.abs(most).max(), np.abs(least).max()) <= limit, (seed, bits, number)
                assert np.abs(layer.start).max() < 2**31
                assert np.abs(layer.weights).max() <= 2 ** (bits - 1) - 1
                if not last:
                    assert 0 <= layer.multiplier.min() <= layer.multiplier.max() < 2**15
                    assert 0 <= layer.drop.min() <= layer.drop.max() <= 16
                    top = (
                        layer.most
                        if core.activation == "relu"
                        else layer.zero + (2**15 - 1 + (1 << layer.down >> 1) >> layer.down)
                    )
                    assert top < 2**16
                    low, high = (
                        np.full(len(layer.start), 2 * layer.zero - top if layer.zero else 0, object),
                        np.full(len(layer.start), top, object),
                    )
                    assert low.min() >= 0


def test_sums_of_every_row_are_those_of_the_plain_kernel():
    for seed in (0, 1, 2, 3, 4, 5, 7, 9, 12):
        model = board(seed)
        X = np.concatenate([rows(model.core, network(seed)[1], 6, seed), corners(model.core)[:8]])
        module = run(composed(model, "viper"))
        expected = model.core.sums(X)
        for row, sums in zip(X, expected, strict=True):
            answer = module["predict"](row.tolist())
            assert list(module["_work"][: expected.shape[1]]) == sums.tolist(), seed
            if model.classes is not None:
                assert answer == (int(sums[0] > 0) if len(sums) == 1 else int(sums.argmax()))


def test_numbers_beyond_the_range_saturate():
    core = board(3).core
    middle = np.ldexp((core.low + core.most // 2).astype(float), -core.places)
    reach = np.ldexp(float(core.most), -core.places)
    for sign in (-1, 1):
        near, far = (middle + sign * times * reach for times in (1, 1000))
        np.testing.assert_array_equal(core.sums(near[None]), core.sums(far[None]))
    assert (core.units(np.full((1, len(middle)), np.float32(3.4e38))) == core.most).all()
    assert (core.units(np.full((1, len(middle)), np.float32(-3.4e38))) == 0).all()


def test_rounding_of_a_row():
    """Half away from zero, on both sides of every half."""
    core = board(3).core
    for whole in (0, 1, 5):
        tie = np.ldexp(np.full(len(core.places), whole + 0.5), -core.places).astype(np.float32)
        for value, expected in ((tie, whole + 1), (np.nextafter(tie, np.float32(0)), whole), (-tie, -whole - 1)):
            inside = (expected - core.low >= 0) & (expected - core.low <= core.most)
            assert inside.any()
            assert (core.units(value[None])[0] == expected - core.low)[inside].all()


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@pytest.mark.parametrize("hidden", [(8,), (6, 5, 4)])
def test_classifiers_end_to_end(activation: str, hidden: tuple[int, ...]):
    X = IRIS[0]
    model = fit("classifier", hidden, activation)
    for options in ({"bits": 16}, {"backend": "table"}):
        program = transpile(model, X=X, **options)
        module = run(program.source)
        assert module["self_test"]() > 0
        golden = program.golden(X)
        found = [module["predict"](row.tolist()) for row in X]
        assert all(golden.classes[i, label] for i, label in enumerate(found))
        assert (np.array(found) == model.predict(X)).mean() >= 0.99
        np.testing.assert_allclose([module["predict_proba"](row.tolist()) for row in X], model.predict_proba(X), atol=2e-2)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_regressions_end_to_end(activation: str):
    X = DIABETES[0]
    model = fit("regressor", (10, 6), activation, solver="lbfgs")
    for options in ({"bits": 16}, {"backend": "table"}):
        program = transpile(model, X=X, **options)
        module = run(program.source)
        golden = program.golden(X)
        found = np.array([module["predict"](row.tolist()) for row in X.astype(np.float32)])
        assert ((golden.low <= found) & (found <= golden.high)).all()
        assert np.square(found - model.predict(X)).mean() <= 1e-3 * model.predict(X).var()


def test_a_large_value_with_a_small_spread_keeps_its_digits():
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (200, 3))
    found = Network(((rng.normal(0, 1, (6, 3)), np.zeros(6)), (rng.normal(0, 1, (1, 6)), np.array([101325.0]))), "relu")
    error = np.abs(quantize(found, X, 8, regression=True).scores(X) - exact.SCORES[Network](found, X))
    assert error.max() < 0.1


def test_pruned_weights_stay_zero_and_are_stored_sparsely():
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (100, 40))
    weights = rng.normal(0, 1, (20, 40)) * (rng.random((20, 40)) < 0.3)
    found = Network(((weights, np.zeros(20)), (rng.normal(0, 1, (3, 20)), np.zeros(3))), "relu")
    core = quantize(found, X, 8)
    assert (core.layers[0].weights[weights == 0] == 0).all()
    assert len(pack_network(core, True)) < 0.7 * len(pack_network(core, False))


def test_errors_cover_inputs_that_are_a_little_off():
    rng = np.random.default_rng(0)
    for seed in SEEDS:
        core = board(seed).core
        X = rows(core, network(seed)[1], 10, seed)[:20].astype(np.float64)
        error = np.ldexp(rng.choice([0.0, 0.3, 20.0], (len(X), 1)), -core.places)
        moved = (X + error * rng.uniform(-0.999, 0.999, X.shape)).astype(np.float32)
        error = np.where(error > 0, error + np.abs(X) * 2.0**-23, 0.0)
        assert (np.abs(core.scores(moved) - core.scores(X)) <= core.errors(X, error)).all(), seed


def test_floats_are_within_their_bound():
    for seed in range(9):
        found, X = network(seed)
        core = FloatNetwork(found, None)
        bound = core.scores(Bounded(X))
        np.testing.assert_allclose(bound.value, exact.SCORES[Network](found, X.astype(np.float64)), rtol=1e-9, atol=1e-9)
        assert (np.abs(core.scores(X) - bound.value) <= bound.error).all(), seed
        assert np.median(bound.error / (1 + np.abs(bound.value))) <= 1e-2, seed


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_at_their_ends(name: str):
    z = np.array([[-3e38, -100.0, -1.0, -0.0, 0.0, 1e-30, 1.0, 100.0, 3e38]], dtype=np.float32)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(ACTIVATIONS[name](z), exact.ACTIVATIONS[name](z.astype(np.float64)), rtol=1e-6, atol=1e-7)


def test_reference_is_scikit_learn_or_itself():
    X = IRIS[0]
    program = transpile(fit("classifier"), X=X, bits=8)
    golden = program.golden(X)
    own = reference.predict(program.model, X)
    either = np.zeros_like(golden.classes)
    either[np.arange(len(X)), own] = either[np.arange(len(X)), golden.expected] = True
    np.testing.assert_array_equal(golden.classes, either)
