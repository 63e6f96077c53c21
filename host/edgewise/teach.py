"""A neural network of one hidden layer in NumPy, written to be read; docs/teach.md walks through it.

Letters, as in most books: n rows of d features, h hidden units, k outputs.
X (n, d) --@ W1 (d, h) + b1 (h,)--> sums --activation--> hidden (n, h) --@ W2 (h, k) + b2 (k,)--> scores (n, k) --> outputs (n, k)
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.metaestimators import available_if

from edgewise.errors import DatasetError, EdgewiseError, UnsupportedModelError

ACTIVATIONS: dict[
    str, tuple[Callable, Callable]
] = {  # name: (what a hidden unit makes of its sum, and how steep that is there, told from what it made)
    "relu": (lambda sums: np.maximum(sums, 0.0), lambda hidden: (hidden > 0) * 1.0),
    "tanh": (np.tanh, lambda hidden: 1.0 - hidden**2),
    "logistic": (lambda sums: 0.5 + 0.5 * np.tanh(0.5 * sums), lambda hidden: hidden * (1.0 - hidden)),  # 1 / (1 + exp(-sum))
    "identity": (lambda sums: sums, np.ones_like),
}


class HiddenLayerNetwork(BaseEstimator):
    """Learns by mini-batch gradient descent: softmax and cross-entropy for task "classification", half the squared error for
    "regression". Scale the features first (StandardScaler), for a regression the target too.

    n_hidden: units. activation: "relu", "tanh", "logistic" or "identity". learning_rate: length of a step down the gradient.
    epochs: times that all rows are seen. batch: rows a step. seed: of the first weights and of the order of the rows.

    Once fitted it has coefs_ [W1, W2], intercepts_ [b1, b2] and loss_curve_, the mean loss of all rows after each epoch, under
    the names that MLPClassifier has for them; so it stands in a Pipeline, and edgewise.transpile takes it, like one.
    """

    def __init__(self, n_hidden=16, activation="relu", learning_rate=0.1, epochs=100, seed=0, batch=32, task="classification"):
        self.n_hidden, self.activation, self.learning_rate, self.epochs = n_hidden, activation, learning_rate, epochs
        self.seed, self.batch, self.task = seed, batch, task

    def fit(self, X, y):
        """X: (n, d), finite; y: (n,), labels or numbers. Raises UnsupportedModelError, and DatasetError where X or y is wrong,
        or the steps are too long."""
        X, Y = self._checked(np.asarray(X, dtype=float), np.asarray(y))
        rng = np.random.default_rng(self.seed)
        sizes = (X.shape[1], self.n_hidden, Y.shape[1])
        # Small and random: equal units would learn the same. The limit is Glorot's and Bengio's (2010), equation 16.
        self.coefs_ = [rng.uniform(-1.0, 1.0, shape) * np.sqrt(6.0 / sum(shape)) for shape in pairwise(sizes)]
        self.intercepts_ = [np.zeros(size) for size in sizes[1:]]
        self.loss_curve_: list[float] = []
        for epoch in range(self.epochs):
            order = rng.permutation(len(X))
            for start in range(0, len(X), self.batch):
                rows = order[start : start + self.batch]
                self.step(X[rows], Y[rows])
            self.loss_curve_.append(self.loss(X, Y))
            if not np.isfinite(self.loss_curve_[-1]):
                raise DatasetError(
                    f"the loss is no number after epoch {epoch + 1}: learning_rate={self.learning_rate} is too much; "
                    "take a tenth, and scale features and target"
                )
        return self

    def forward(self, X):
        """(hidden (n, h), outputs (n, k)): outputs are probabilities, or the values of a regression."""
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        function, _ = ACTIVATIONS[self.activation]
        hidden = function(X @ W1 + b1)
        scores = hidden @ W2 + b2
        return hidden, softmax(scores) if self.task == "classification" else scores

    def loss(self, X, Y):
        """Mean over the rows. Y: (n, k), 1 in the column of the row's class and 0 elsewhere, or the values of a regression."""
        _, outputs = self.forward(X)
        if self.task == "classification":
            return float(-np.log(np.maximum((outputs * Y).sum(axis=1), 1e-300)).mean())
        return float(0.5 * ((outputs - Y) ** 2).sum(axis=1).mean())

    def gradients(self, X, Y):
        """([dW1, dW2], [db1, db2]): how much the loss grows with each weight."""
        (_, W2), (_, slope) = self.coefs_, ACTIVATIONS[self.activation]
        hidden, outputs = self.forward(X)
        at_scores = (outputs - Y) / len(X)  # for both kinds of loss: why they go with softmax and with no function at all
        at_sums = (at_scores @ W2.T) * slope(hidden)  # the chain rule, one layer back
        return [X.T @ at_sums, hidden.T @ at_scores], [at_sums.sum(axis=0), at_scores.sum(axis=0)]

    def step(self, X, Y):
        """One step down the gradient."""
        for parameters, gradients in zip((self.coefs_, self.intercepts_), self.gradients(X, Y), strict=True):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= self.learning_rate * gradient

    @available_if(lambda self: self.task == "classification")
    def predict_proba(self, X):
        """(n, k), columns in the order of classes_."""
        return self.forward(np.asarray(X, dtype=float))[1]

    def predict(self, X):
        """(n,): labels, or numbers."""
        outputs = self.forward(np.asarray(X, dtype=float))[1]
        return self.classes_[outputs.argmax(axis=1)] if self.task == "classification" else outputs[:, 0]

    def score(self, X, y):
        """Accuracy, or R2 of a regression."""
        return (accuracy_score if self.task == "classification" else r2_score)(y, self.predict(X))

    def plot_error(self, axes=None):
        """Draws the loss of each epoch, into matplotlib's `axes` or a figure of its own; returns the axes."""
        if axes is None:
            try:
                from matplotlib import pyplot
            except ImportError as error:
                raise EdgewiseError(f"a figure needs matplotlib ({error}); pip install 'edgewise[report]'") from None
            axes = pyplot.subplots()[1]
        axes.plot(range(1, len(self.loss_curve_) + 1), self.loss_curve_)
        axes.set(xlabel="epoch", ylabel="cross-entropy" if self.task == "classification" else "half the squared error")
        return axes

    def set_weights(self, coefs, intercepts, classes=None):
        """W1, W2 and b1, b2 from elsewhere, and the labels of the outputs; returns self."""
        self.coefs_ = [np.array(weights, dtype=float) for weights in coefs]
        self.intercepts_ = [np.array(biases, dtype=float) for biases in intercepts]
        shapes = [weights.shape for weights in (*self.coefs_, *self.intercepts_)]
        d, h, k = self.coefs_[0].shape[0], self.n_hidden, 1 if self.task == "regression" else len(classes)
        if shapes != [(d, h), (h, k), (h,), (k,)]:
            raise UnsupportedModelError(f"weights of shapes {shapes} are not W1, W2, b1, b2 of {h} hidden units and {k} outputs")
        self.n_features_in_, self.loss_curve_ = d, []
        self.classes_: Any = None if classes is None else np.asarray(classes)
        return self

    @classmethod
    def from_mlp(cls, mlp):
        """The same network as a fitted MLPClassifier or MLPRegressor of one hidden layer and one target."""
        kind = type(mlp)
        if kind not in (MLPClassifier, MLPRegressor) or len(getattr(mlp, "coefs_", ())) != 2 or mlp.out_activation_ == "exp":
            raise UnsupportedModelError(f"{kind.__name__} is no fitted MLPClassifier or MLPRegressor of one hidden layer")
        (W1, W2), (b1, b2) = mlp.coefs_, mlp.intercepts_
        network = cls(W1.shape[1], mlp.activation, task="classification" if kind is MLPClassifier else "regression")
        if mlp.out_activation_ == "logistic":  # of two classes it has one score s: softmax of (0, s) is its logistic function
            W2, b2 = np.hstack([0 * W2, W2]), np.hstack([0 * b2, b2])
        return network.set_weights((W1, W2), (b1, b2), getattr(mlp, "classes_", None))

    def _checked(self, X, y):
        """(X, Y (n, k)); learns the labels."""
        if self.task not in ("classification", "regression") or self.activation not in ACTIVATIONS:
            choices = f"classification or regression; {', '.join(ACTIVATIONS)}"
            raise UnsupportedModelError(f"unknown task {self.task!r} or activation {self.activation!r}; choose from {choices}")
        if min(self.n_hidden, self.epochs, self.batch) < 1:
            raise UnsupportedModelError(f"n_hidden, epochs and batch are whole numbers from 1 on, not {self!r}")
        if X.ndim != 2 or y.shape != X.shape[:1] or not len(X) or not np.isfinite(X).all():
            raise DatasetError(
                f"X {X.shape} and y {y.shape} must be (n, d) and (n,), at least one row, X without NaN and infinity"
            )
        self.n_features_in_ = X.shape[1]
        if self.task == "regression":
            return X, y.astype(float)[:, None]
        self.classes_, number = np.unique(y, return_inverse=True)
        return X, np.eye(len(self.classes_))[number]

    @property
    def out_activation_(self):
        return "softmax" if self.task == "classification" else "identity"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self.task == "classification" else "regressor"
        return tags


def softmax(scores):
    """Probabilities, a row each: positive, and their sum is 1. The largest score is taken off first, lest exp overflow."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
