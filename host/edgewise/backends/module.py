"""Puts a module together from kernel files: constants replaced, imports merged, imports between the kernels dropped."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from edgewise.runtime_text import merged

KERNELS = files("edgewise.backends") / "kernels"
GUARD = "guard"  # the kernel file that compiles others where the module is imported
KERNEL_TEXT = "_KERNEL"
CONSTANT = 20_000  # characters: nothing as long is code, and the tables of a large forest (16 MB of text) take 0.3 s to search
POINTERS = "pointers"  # what the runtime's kernels take of viper


@dataclass(frozen=True)
class Emission:
    """What a back end contributes: kernel files in the order of their use, the value of each of their constants, and functions
    that it generated itself, which take the place of a kernel's function of the same name.

    compiled: kernel files that become machine code, for the .mpy of an architecture, and for all others with the `plain` ones.
    packing: of its tables, where there are several. runtime: modules of edgewise_rt that it holds. behind: kernel files that take
    the place of functions that the others define, once machine code has. without: functions of the kernels to leave out.
    """

    kernels: tuple[str, ...]
    constants: Mapping[str, object]
    code: str = ""
    compiled: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    packing: str = ""
    runtime: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def literal(value: object) -> str:
    """Source text in ASCII of plain data, such that nothing in a label or a name can end the literal."""
    if isinstance(value, tuple):
        return "(" + "".join(literal(item) + ", " for item in value).rstrip(" ") + ")"
    if isinstance(value, (bytes, str, bool, int, float)):
        return ascii(value)
    raise TypeError(f"{type(value).__name__} has no literal")


class Name(str):
    """A constant whose value is a name in the generated code, not data."""


def compose(header: str, emission: Emission, compiled: bool = False) -> str:
    """Source of the module; compiled: for mpy-cross and one architecture, without the plain kernels.

    Raises ValueError when a kernel's constants and those given are not the same.
    """
    unused = set(emission.constants)
    machine = list(_machine_code(emission, unused))
    plain = [] if compiled else list(emission.plain)
    needed, body = merged(emission.runtime, machine_code=compiled)
    imports = dict.fromkeys(needed)
    generated = {node.name for node in ast.parse(emission.code).body if isinstance(node, ast.FunctionDef)}
    if emission.runtime and not compiled:
        plain.append(POINTERS)

    def written(kernels: Iterable[str]) -> Iterator[str]:
        for kernel in kernels:
            for source, statement in _statements(kernel):
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    imports[source] = None
                elif constant := _constant(statement):
                    yield f"{constant} = {_text(emission.constants[constant])}"
                    unused.discard(constant)
                elif isinstance(statement, ast.FunctionDef):
                    if statement.name in emission.without:
                        continue
                    source = emission.code.strip("\n") if statement.name in generated else source
                    yield from ("", "", source, "", "")
                else:
                    yield source

    body += written((*emission.kernels, *plain))
    behind = list(written(emission.behind))
    if machine and compiled:
        kernels = (*emission.kernels, *emission.compiled)
        body = _without_idle(_folded([*body, *machine, *behind], emission.constants), kernels)
    elif machine:
        text = "\n".join(machine)
        if '"' in text or "\\" in text:
            raise ValueError("a kernel's text would end its own quotes")
        for source, statement in _statements(GUARD):
            body.append(f'{KERNEL_TEXT} = """\n{text}\n"""' if _constant(statement) == KERNEL_TEXT else source)
    if not (machine and compiled):
        body += behind
    if compiled:
        for kernel in emission.plain:
            unused -= {constant for _, statement in _statements(kernel) if (constant := _constant(statement))}
    if unused:
        raise ValueError(f"no kernel takes the constants {sorted(unused)}")
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join([header, "", *imports, "", *body]))
    return text.rstrip() + "\n"


def functions(kernels: Iterable[str]) -> set[str]:
    """Names of the functions that these kernel files define."""
    statements = [statement for kernel in kernels for _, statement in _statements(kernel)]
    return {statement.name for statement in statements if isinstance(statement, ast.FunctionDef)}


def _statements(kernel: str) -> Iterator[tuple[str, ast.stmt]]:
    """Text and tree of each statement of a kernel file, but for its docstring and what it imports of other kernels."""
    text = (KERNELS / f"{kernel}.py").read_text(encoding="utf-8")
    for statement in ast.parse(text).body[1:]:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(("edgewise.", "edgewise_rt.")):
            continue  # it stands in the same module
        source = ast.get_source_segment(text, statement) or ""
        if isinstance(statement, ast.FunctionDef) and statement.decorator_list:
            source = "\n".join(text.splitlines()[statement.decorator_list[0].lineno - 1 : statement.end_lineno])
        yield source, statement


def _machine_code(emission: Emission, unused: set[str]) -> Iterator[str]:
    """The statements of the kernels that are compiled, without comments, every `if` on constants decided."""
    settings = {name: value for name, value in emission.constants.items() if isinstance(value, int)}
    defined: set[str] = set()
    for kernel in emission.compiled:
        for _, statement in _statements(kernel):
            constant = _constant(statement)
            if constant is None or not isinstance(statement.value, ast.Call):  # type: ignore[attr-defined]
                decided = _Decided(settings).visit(statement)
                yield "\n".join(map(ast.unparse, decided if isinstance(decided, list) else [decided]))
                continue
            unused.discard(constant)
            value = emission.constants[constant]
            if constant not in defined and not isinstance(value, bool):
                yield f"{constant} = const({_text(value)})"  # folded by the parser, so that a second one would assign to a number
            defined.add(constant)


class _Decided(ast.NodeTransformer):
    """Without docstrings, and without branches that constants rule out: an assembler function takes neither."""

    def __init__(self, settings: Mapping[str, int]):
        self.settings = settings

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if ast.get_docstring(node) is not None:
            del node.body[0]
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        names = {name.id for name in ast.walk(node.test) if isinstance(name, ast.Name)}
        if not names <= self.settings.keys():
            return node
        holds = eval(compile(ast.Expression(node.test), "<constants>", "eval"), {"__builtins__": {}}, dict(self.settings))
        return node.body if holds else node.orelse


def _folded(body: list[str], constants: Mapping[str, object]) -> list[str]:
    """With private constants that are numbers, or used once, in the place of their use: a name takes some 30 bytes of a board."""
    words = Counter(re.findall(r"\b_[A-Z_]+\b", "\n".join(body)))
    folded = {}
    for name, value in constants.items():
        if name.startswith("_") and not isinstance(value, tuple) and (isinstance(value, int) or words[name] == 2):
            folded[f"{name} = {_text(value)}"] = f"{name} = const({_text(value)})"
    body = [folded.get(part, part) for part in body]
    # a second const would assign to the number that the first has put in the name's place
    return [part for i, part in enumerate(body) if part not in folded.values() or part not in body[:i]]


def _without_idle(body: list[str], kernels: Iterable[str]) -> list[str]:
    """Without the kernels' private functions that nothing calls."""
    words = Counter(word for part in body if len(part) < CONSTANT for word in re.findall(r"\b_\w+", part))
    idle = tuple(f"def {name}(" for name in functions(kernels) if words[name] == 1)
    return [part for part in body if not part.startswith(idle)]


def _text(value: object) -> str:
    if isinstance(value, tuple) and any(isinstance(item, Name) for item in value):
        return "(" + "".join(f"{item}, " for item in value).rstrip() + ")"
    return literal(value)


def _constant(statement: ast.stmt) -> str | None:
    """Name of an upper-case assignment of a literal, or of const(a literal)."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        calls = [node.func for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        if name.isupper() and all(isinstance(call, ast.Name) and call.id == "const" for call in calls):
            return name
    return None
