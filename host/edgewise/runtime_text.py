"""The text of the runtime's modules, for a generated module that holds them itself."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from edgewise.runtime import PACKAGES, module_path, with_imports
from edgewise_rt.stage import SETS, Stage

RUNTIME = PACKAGES[0]


def needed(sets: Sequence[str]) -> tuple[str, ...]:
    """Modules of the runtime that a stage of these feature sets takes, each after those that it uses itself."""
    return tuple(name.removeprefix(f"{RUNTIME}/") for name in with_imports([*(SETS[name][0] for name in sets), "stage"]))


def stage_of(facts: Mapping) -> Stage:
    """The stage that the sidecar of features.csv describes."""
    names = ("sets", "axes", "units", "scales", "offsets", "length", "rate_hz")
    return Stage(*(tuple(facts[name]) if isinstance(facts[name], list) else facts[name] for name in names))


def merged(modules: Sequence[str], machine_code: bool) -> tuple[list[str], list[str]]:
    """(imports, statements) of the modules, each after those that it uses, with one name for one thing.

    machine_code: as mpy-cross takes it for an architecture; else bytecode alone, which computes the same. Raises ValueError
    where two modules define one name.
    """
    imports: dict[str, None] = {}
    body: list[str] = []
    defined: set[str] = set()
    for name in modules:
        statements = list(_statements(name, imports))
        names: set[str] = reduce(or_, map(_defines, statements), set())
        if twice := sorted(names & defined):
            raise ValueError(f"{name} and a module before it both define {', '.join(twice)}")
        defined |= names
        body += [ast.unparse(_InOneModule(modules, machine_code).visit(statement)) for statement in statements]
    if not machine_code:
        imports.pop("import micropython", None)  # the decorators are gone, and CPython has none
    return list(imports), body


def _statements(name: str, imports: dict[str, None]) -> Iterator[ast.stmt]:
    """Of a module, without docstrings; its imports of other packages are added to `imports`, those of its own are left out."""
    for statement in ast.parse(module_path(name).read_text("utf-8")).body[1:]:
        if isinstance(statement, ast.Try):  # the stand-ins of CPython
            statement = statement.body[0]
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == RUNTIME:
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports[ast.unparse(statement)] = None
            continue
        yield statement


def _defines(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


class _InOneModule(ast.NodeTransformer):
    """integers.moments becomes moments; without docstrings; where bytecode is wanted, without decorators and annotations."""

    def __init__(self, modules: Sequence[str], machine_code: bool):
        self._modules, self._machine_code = modules, machine_code

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return ast.Name(node.attr, node.ctx)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self._plain(node)
        if not self._machine_code:
            node.decorator_list = [d for d in node.decorator_list if not ast.unparse(d).startswith("micropython.")]
            for argument in node.args.args:
                argument.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self._plain(node)
        return node

    def _plain(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        if ast.get_docstring(node) is not None:
            del node.body[0]
            node.body = node.body or [ast.Pass()]
        self.generic_visit(node)
