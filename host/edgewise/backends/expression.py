"""Nested ifs and sums through m2cgen's interpreter: to read and to teach with.

Every number that a decision depends on is a float32 in a table, beside a comment that says its value: as a decimal literal it
could arrive one unit off (see `packing.pack_floats`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from m2cgen import ast
from m2cgen.assemblers import utils
from m2cgen.interpreters.python.interpreter import PythonInterpreter

from edgewise.backends.module import Emission, Name
from edgewise.backends.packing import pack_floats
from edgewise.backends.table import answer_constants, answer_kernels, leaf_payload
from edgewise.errors import UnsupportedModelError
from edgewise.ir import Columns, Scaling
from edgewise.passes import BoardLinear, BoardModel, BoardTrees
from edgewise.recursion import recursion_limit

DEEPEST = 90  # CPython refuses 100 levels of indentation; the function itself and the branches take the rest


class _Interpreter(PythonInterpreter):
    """m2cgen's, but for numbers: whole ones as they are, float32 ones by their place in a table of constants."""

    def __init__(self, function_name: str, constants: list[float], feature_names: Sequence[str]):
        super().__init__(function_name=function_name, feature_array_name="x")
        self.constants = constants
        self.feature_names = feature_names

    def interpret_num_val(self, expr, **kwargs):
        if isinstance(expr.value, np.integer):
            return str(expr.value)
        self.constants.append(float(expr.value))
        return f"_c[{len(self.constants) - 1}]"

    def interpret_if_expr(self, expr, **kwargs):
        test = expr.test
        self._cg.add_code_line(f"# {self.feature_names[test.left.index]!a} <= {np.float32(test.right.value)}")
        return super().interpret_if_expr(expr, **kwargs)


def emit(model: BoardModel, feature_names: Sequence[str] = ()) -> Emission:
    emitter = EMITTERS.get(type(model.core))
    if emitter is None:
        raise UnsupportedModelError(f"{model.description} has no expression form; use --backend table")
    return emitter(model, model.core, _input_names(model, feature_names))


def _input_names(model: BoardModel, feature_names: Sequence[str]) -> list[str]:
    """Of what the core reads: the features' own, where each is made of one of them."""
    place = np.arange(model.n_features)
    for stage in model.stages:
        if isinstance(stage, Columns):
            place = place[stage.source]
        elif not isinstance(stage, Scaling):
            return [f"input {i}" for i in range(model.n_inputs)]
    names = feature_names or [f"x{i}" for i in range(model.n_features)]
    return [names[i] for i in place.tolist()]


def _trees(model: BoardModel, core: BoardTrees, names: Sequence[str]) -> Emission:
    numbers, kernels, constants = leaf_payload(model, core)
    table: list[float] = []
    functions = []
    for i, root in enumerate(core.roots):
        expression, depth = _tree_expression(core, numbers, int(root))
        if depth > DEEPEST:
            raise UnsupportedModelError(
                f"a tree of depth {depth} is too deep for nested ifs (at most {DEEPEST}); use the table back end"
            )
        with recursion_limit(20 * depth + 1000):
            functions.append(_Interpreter(f"_tree_{i}", table, names).interpret(expression))
    roots = tuple(Name(f"_tree_{i}") for i in range(len(core.roots)))
    constants |= {"_ROOTS": roots, "_CONSTANTS": pack_floats(table)}
    return Emission(("common", "checked", "constants", "walk_call", *kernels), constants, "\n\n".join(functions))


def _tree_expression(core: BoardTrees, numbers: np.ndarray, root: int) -> tuple[ast.Expr, int]:
    """(nested IfExpr that gives the number of the leaf, depth). Bottom up: children come after their node, in preorder."""
    first = root
    if root < 0:
        return ast.NumVal(numbers[~root], dtype=np.int64), 0
    last = first
    while core.right[last] >= 0 or core.left[last] >= 0:  # the last node of a preorder is reached by going right first
        last = core.right[last] if core.right[last] >= 0 else core.left[last]
    built: dict[int, tuple[ast.Expr, int]] = {}

    def child(reference: int) -> tuple[ast.Expr, int]:
        return built.pop(reference) if reference >= 0 else (ast.NumVal(numbers[~reference], dtype=np.int64), 0)

    for node in range(last, first - 1, -1):
        (left, left_depth), (right, right_depth) = child(int(core.left[node])), child(int(core.right[node]))
        test = utils.lte(ast.FeatureRef(int(core.feature[node])), ast.NumVal(core.threshold[node], dtype=np.float32))
        built[node] = ast.IfExpr(test, left, right), 1 + max(left_depth, right_depth)
    return built[first]


def _linear(model: BoardModel, core: BoardLinear, names: Sequence[str]) -> Emission:
    def number(value) -> ast.NumVal:
        return ast.NumVal(value, dtype=np.float32)

    def feature(i: int) -> ast.Expr:
        return utils.sub(ast.FeatureRef(i), number(core.center[i])) if core.center[i] else ast.FeatureRef(i)

    scores = [
        utils.apply_op_to_expressions(
            ast.BinNumOpType.ADD,
            number(intercept),
            *[utils.mul(feature(i), number(weight)) for i, weight in enumerate(coef)],
        )
        for coef, intercept in zip(core.coef, core.intercept, strict=True)
    ]
    table: list[float] = []
    with recursion_limit(20 * model.n_inputs + 1000):
        code = _Interpreter("_sums", table, names).interpret(ast.VectorVal(scores))
    constants = {"_CONSTANTS": pack_floats(table)} | answer_constants(model)
    return Emission(("common", "checked", "constants", "scores_call", *answer_kernels(model)), constants, code)


EMITTERS: dict[type, Callable[[BoardModel, Any, Sequence[str]], Emission]] = {
    BoardTrees: _trees,
    BoardLinear: _linear,
}
