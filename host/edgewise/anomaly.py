"""MaxZScore: the simplest anomaly detector, an estimator of scikit-learn's kind."""

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

STEADY = 10 * np.finfo(np.float64).eps  # a deviation below this share of the mean is rounding


class MaxZScore(OutlierMixin, BaseEstimator):
    """A row is an anomaly where one of its features lies more than `threshold` standard deviations from its mean.

    `fit(X)` learns mean and deviation of each feature from rows that are normal; a feature that never changed there says nothing
    about how far is far, and is left out. `score_samples(X)` is -max |z|, the lower the stranger; `predict(X)` gives -1 where
    that is below `offset_`, which is -threshold, else 1; `decision_function(X)` is the difference of the two.

    Learned: mean_, scale_ (standard deviation, 0 for a feature left out), both (n_features,); offset_; n_features_in_.

    >>> import numpy as np
    >>> rule = MaxZScore(threshold=3.0).fit(np.array([[0.0, 20.0], [2.0, 22.0]]))
    >>> rule.predict([[1.0, 21.0], [1.0, 25.0]]).tolist(), rule.score_samples([[1.0, 25.0]]).tolist()
    ([1, -1], [-4.0])
    """

    def __init__(self, threshold: float = 3.0):
        self.threshold = threshold

    def fit(self, X, y=None) -> "MaxZScore":
        """X: (n_rows, n_features), finite. Raises ValueError where the threshold is not above 0 or no feature changes."""
        if not (np.isfinite(self.threshold) and self.threshold > 0):
            raise ValueError(f"MaxZScore(threshold={self.threshold!r}): give standard deviations, such as 3.0")
        X = validate_data(self, X, dtype=np.float64)
        self.mean_ = X.mean(axis=0)
        deviation = X.std(axis=0)
        self.scale_ = np.where(deviation > STEADY * np.abs(self.mean_), deviation, 0.0)
        if not self.scale_.any():
            raise ValueError(f"MaxZScore: no feature of the {len(X)} rows changes; fit it on more rows")
        self.offset_ = -float(self.threshold)
        return self

    def score_samples(self, X) -> np.ndarray:
        """-max |z| of each row, (n_rows,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        used = self.scale_ > 0
        return -np.abs((X[:, used] - self.mean_[used]) / self.scale_[used]).max(axis=1)

    def decision_function(self, X) -> np.ndarray:
        """How far each row is on the normal side, (n_rows,): below 0 for anomalies."""
        return self.score_samples(X) - self.offset_

    def predict(self, X) -> np.ndarray:
        """1 for what is normal, -1 for anomalies, (n_rows,)."""
        return np.where(self.score_samples(X) >= self.offset_, 1, -1)
