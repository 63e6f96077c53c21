"""Puts a module together from kernel files: constants replaced, imports merged, imports between the kernels dropped."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

KERNELS = files("edgewise.backends") / "kernels"


@dataclass(frozen=True)
class Emission:
    """What a back end contributes: kernel files in the order of their use, the value of each of their constants, and functions
    that it generated itself, which take the place of a kernel's function of the same name."""

    kernels: tuple[str, ...]
    constants: Mapping[str, object]
    code: str = ""


def literal(value: object) -> str:
    """Source text in ASCII of plain data, such that nothing in a label or a name can end the literal."""
    if isinstance(value, tuple):
        return "(" + "".join(literal(item) + ", " for item in value).rstrip(" ") + ")"
    if isinstance(value, (bytes, str, bool, int, float)):
        return ascii(value)
    raise TypeError(f"{type(value).__name__} has no literal")


class Name(str):
    """A constant whose value is a name in the generated code, not data."""


def compose(header: str, emission: Emission) -> str:
    """Source of the module. Raises ValueError when a kernel's constants and those given are not the same."""
    imports: dict[str, None] = {}
    body: list[str] = []
    unused = set(emission.constants)
    generated = {node.name for node in ast.parse(emission.code).body if isinstance(node, ast.FunctionDef)}
    for kernel in emission.kernels:
        text = (KERNELS / f"{kernel}.py").read_text(encoding="utf-8")
        for statement in ast.parse(text).body[1:]:  # the first is the docstring
            source = ast.get_source_segment(text, statement) or ""
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("edgewise."):
                continue  # it stands in the same module
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                imports[source] = None
            elif constant := _constant(statement):
                body.append(f"{constant} = {_text(emission.constants[constant])}")
                unused.discard(constant)
            elif isinstance(statement, ast.FunctionDef):
                source = emission.code.strip("\n") if statement.name in generated else source
                body += ["", "", source, "", ""]
            else:
                body.append(source)
    if unused:
        raise ValueError(f"no kernel takes the constants {sorted(unused)}")
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join([header, "", *imports, "", *body]))
    return text.rstrip() + "\n"


def _text(value: object) -> str:
    if isinstance(value, tuple) and any(isinstance(item, Name) for item in value):
        return "(" + "".join(f"{item}, " for item in value).rstrip() + ")"
    return literal(value)


def _constant(statement: ast.stmt) -> str | None:
    """Name of an upper-case assignment of a literal."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name = statement.targets[0].id
        if name.isupper() and not any(isinstance(node, ast.Call) for node in ast.walk(statement.value)):
            return name
    return None
