"""Transpiles a forest of 1000 trees of 1000 leaves: prints [trees, least leaves, median seconds, largest resident megabytes]."""

import json
import resource
import time
from statistics import median

from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from edgewise import transpile

TREES, LEAVES, TRIES = 1000, 1000, 3


def seconds(forest: RandomForestClassifier, X) -> float:
    start = time.perf_counter()
    transpile(forest, "large_forest", X=X)
    return time.perf_counter() - start


if __name__ == "__main__":
    X, y = make_classification(5000, 20, n_informative=10, flip_y=0.4, random_state=0)
    forest = RandomForestClassifier(TREES, max_leaf_nodes=LEAVES, bootstrap=False, random_state=0, n_jobs=2).fit(X, y)
    found = median(seconds(forest, X) for _ in range(TRIES))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # kilobytes
    print(json.dumps([TREES, min(int(tree.get_n_leaves()) for tree in forest.estimators_), found, peak / 1000]))
