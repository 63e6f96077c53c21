"""everywhereml's MicroPython text of a classifier, printed; run by the Python of everywhereml's own environment.

The argument is an .npz: class (name in scikit-learn), parameters (JSON), X, y (places of the classes), and children_left,
children_right, feature and threshold of all trees, one after the other. Fitting goes the way that everywhereml documents; it has
to grow the same trees. Prints nothing where everywhereml has no MicroPython for the class (0.2.40: for any but forests).
"""

import importlib
import json
import sys

import numpy as np
from jinja2 import TemplateNotFound

MODULES = {
    "RandomForestClassifier": "everywhereml.sklearn.ensemble",
    "DecisionTreeClassifier": "everywhereml.sklearn.tree",  # C++ only
}


def main(path: str) -> None:
    asked = np.load(path)
    name = str(asked["class"])
    if name not in MODULES:
        return
    wrapper = getattr(importlib.import_module(MODULES[name]), name)
    classifier = wrapper(**json.loads(str(asked["parameters"]))).fit(asked["X"], asked["y"])
    try:
        source = classifier.to_micropython()
    except TemplateNotFound:
        return
    trees = [estimator.tree_ for estimator in classifier.estimators_]
    for part in ("children_left", "children_right", "feature", "threshold"):
        if not np.array_equal(np.concatenate([getattr(tree, part) for tree in trees]), asked[part]):
            sys.exit("other trees grew here: pin the scikit-learn and numpy of the benchmark in everywhereml.txt")
    print(source)


if __name__ == "__main__":
    main(sys.argv[1])
