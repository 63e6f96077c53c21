"""Mutants of a generated module: one table entry, comparison, operator or constant at a time, in its syntax tree.

Run as a script it makes every mutant of some models and reports which of them edgewise and its tests notice:
`python tests/mutation/mutants.py [CASE:BACKEND ...]`, with the cases of tests/models.py.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType

import numpy as np

from edgewise.backends.packing import DTYPES

PUBLIC = ("predict", "predict_proba")
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
SIGNS = {
    ast.LtE: "<=",
    ast.Lt: "<",
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
}
OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}
FUNCTIONS = {"max": "min", "min": "max"}
LOOP_GUARD = "_step"


@dataclass(frozen=True)
class Change:
    """edits: (node, field, new value). group: the table or the operator that is changed; text: what exactly."""

    group: str
    text: str
    edits: tuple[tuple[ast.AST, str, object], ...]


def parse(source: str) -> ast.Module:
    """The syntax tree, in which every turn of a while loop calls LOOP_GUARD, so that an endless one can be cut."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            node.body.insert(0, ast.parse(f"{LOOP_GUARD}()").body[0])
    return ast.fix_missing_locations(tree)


def compiled(tree: ast.Module, change: Change | None = None) -> CodeType:
    """The module with one change; the tree is afterwards as it was."""
    edits = change.edits if change else ()
    kept = [(node, field, getattr(node, field)) for node, field, _ in edits]
    for node, field, value in edits:
        setattr(node, field, value)
    try:
        return compile(tree, "edgewise_case.py", "exec")
    finally:
        for node, field, value in kept:
            setattr(node, field, value)


def changes(tree: ast.Module) -> list[Change]:
    """Every change of what `predict` and `predict_proba` depend on; the self-test and its rows are left as they are.

    What CPython does not reach, such as the half of _view for MicroPython, is changed too and has no effect.
    """
    tables = tables_of(tree)
    found = []
    for statement in _depended_on(tree):
        where = statement.name if isinstance(statement, ast.FunctionDef) else ast.unparse(statement.targets[0])
        if where in tables:
            found += list(_entries(where, *tables[where]))
            continue
        for node in ast.walk(statement):
            if type(node) in MUTATORS:
                found += list(MUTATORS[type(node)](where, node))
    if "_LEFT" in tables:
        found += list(_swapped_children(tables))
    return found


def _depended_on(tree: ast.Module) -> list[ast.FunctionDef | ast.Assign]:
    definitions: dict[str, ast.FunctionDef | ast.Assign] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            names = [node.id for node in ast.walk(statement.targets[0]) if isinstance(node, ast.Name)]
            definitions |= dict.fromkeys(names, statement)
    pending = [definitions[name] for name in PUBLIC if name in definitions]
    found: list[ast.FunctionDef | ast.Assign] = []
    while pending:
        statement = pending.pop()
        if statement not in found:
            found.append(statement)
            used = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
            pending += [definitions[name] for name in used if name in definitions]
    return sorted(found, key=lambda statement: statement.lineno)


def tables_of(tree: ast.Module) -> dict[str, tuple[ast.Constant, str]]:
    """Name -> (constant bytes, array code), by the calls that read them: _view(code, NAME), array(code, NAME)."""
    constants = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
    }
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) == 2 and isinstance(node.args[1], ast.Name):
            code, name = node.args[0], node.args[1].id
            code = constants.get(code.id) if isinstance(code, ast.Name) else code
            if isinstance(code, ast.Constant) and code.value in DTYPES and name in constants:
                found[name] = constants[name], code.value
    return found


def _entries(name: str, constant: ast.Constant, code: str) -> Iterator[Change]:
    """A whole number one more and one less; a float32 one unit in the last place up and down."""
    values = np.frombuffer(constant.value, DTYPES[code])
    for i, value in enumerate(values):
        if code == "f":
            others = [np.nextafter(value, np.float32(np.inf)), np.nextafter(value, np.float32(-np.inf))]
        else:
            others = [other for other in (int(value) + 1, int(value) - 1) if 0 <= other <= np.iinfo(DTYPES[code]).max]
        for other in others:
            changed = values.copy()
            changed[i] = other
            yield Change(name, f"{name}[{i}]: {value!s} -> {other!s}", ((constant, "value", changed.tobytes()),))


def _swapped_children(tables: dict[str, tuple[ast.Constant, str]]) -> Iterator[Change]:
    (left, code), (right, _) = tables["_LEFT"], tables["_RIGHT"]
    for i in range(len(left.value) // np.dtype(DTYPES[code]).itemsize):
        pair = [np.frombuffer(side.value, DTYPES[code]).copy() for side in (left, right)]
        pair[0][i], pair[1][i] = pair[1][i], pair[0][i]
        edits = tuple((side, "value", values.tobytes()) for side, values in zip((left, right), pair, strict=True))
        yield Change("children swapped", f"node {i}: {pair[1][i]} and {pair[0][i]} exchanged", edits)


def _change(group: str, where: str, node: ast.AST, field: str, value: object, shown: ast.AST | None = None) -> Change:
    """With the source text before and after."""
    shown = shown or node
    before, kept = ast.unparse(shown), getattr(node, field)
    setattr(node, field, value)
    after = ast.unparse(shown)
    setattr(node, field, kept)
    return Change(group, f"{where}: {before} -> {after}", ((node, field, value),))


def _compare(where: str, node: ast.Compare) -> Iterator[Change]:
    for i, op in enumerate(node.ops):
        for other in COMPARISONS.get(type(op), ()):
            yield _change(f"compare {SIGNS[type(op)]}", where, node, "ops", [*node.ops[:i], other(), *node.ops[i + 1 :]])


def _operator(where: str, node: ast.BinOp | ast.AugAssign | ast.BoolOp | ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield _change("operator not", where, node, "operand", ast.copy_location(ast.UnaryOp(ast.Not(), node.operand), node))
    elif type(node.op) in OPERATORS:
        yield _change(f"operator {type(node.op).__name__}", where, node, "op", OPERATORS[type(node.op)]())


def _constant(where: str, node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield _change("constant", where, node, "value", not node.value)
    elif isinstance(node.value, int):
        for step in (1, -1):
            yield _change("constant", f"{where}, line {node.lineno}", node, "value", node.value + step)


def _tuple(where: str, node: ast.Tuple) -> Iterator[Change]:
    """Neighbors exchanged, such as labels or roots."""
    if isinstance(node.ctx, ast.Load):
        for i in range(len(node.elts) - 1):
            first, second = node.elts[i : i + 2]
            yield _change("tuple", where, node, "elts", [*node.elts[:i], second, first, *node.elts[i + 2 :]])


def _function(where: str, node: ast.Call) -> Iterator[Change]:
    if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        yield _change(f"function {node.func.id}", where, node.func, "id", FUNCTIONS[node.func.id], node)


MUTATORS: dict[type[ast.AST], Callable[[str, ast.AST], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BinOp: _operator,
    ast.AugAssign: _operator,
    ast.BoolOp: _operator,
    ast.UnaryOp: _operator,
    ast.Constant: _constant,
    ast.Tuple: _tuple,
    ast.Call: _function,
}


if __name__ == "__main__":
    from mutation_report import main

    main(sys.argv[1:])
