"""What a board runs beside a model: modules of the runtime and drivers, compiled for it."""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from edgewise.errors import BoardError
from edgewise.mpy import NATIVE, RUNS, cross_compile

PACKAGES = ("edgewise_rt", "drivers")
FOLDER = "/lib"
ON_HOST = "host"  # stand-ins for what MicroPython has


def firmware_folder() -> Path:
    """`edgewise/_firmware` in an installed wheel, `firmware` beside an editable checkout's `host`."""
    here = Path(__file__).resolve().parent
    return next((p for p in (here / "_firmware", here.parents[1] / "firmware") if p.is_dir()), here / "_firmware")


def module_path(name: str) -> Path:
    """Source of a module, such as motion (of edgewise_rt) or drivers/mpu6050. Raises BoardError for one that is not there."""
    package, _, module = name.rpartition("/")
    package = package or PACKAGES[0]
    known = modules(package) if package in PACKAGES else ()
    if module not in known:
        raise BoardError(f"no module {name} for a board; there are {', '.join(known) or ' and '.join(PACKAGES)}")
    return _folder(package) / f"{module}.py"


def modules(package: str = PACKAGES[0]) -> tuple[str, ...]:
    """Names of a package's modules."""
    return tuple(sorted(path.stem for path in _folder(package).glob("*.py") if path.stem not in ("__init__", ON_HOST)))


def module_files(names: Iterable[str], arch: str | None) -> dict[str, bytes]:
    """Path on the board -> bytes, of the named modules, what they import and their packages, for an architecture of `mpy`.

    names: as of `module_path`. Raises BoardError for an unknown module, and for a board that runs no native code known here.
    """
    native = RUNS.get(arch or "", arch)
    if native not in NATIVE:
        raise BoardError(f"the runtime has machine code for {', '.join(NATIVE)}, not for {arch}: choose another board")
    found = {}
    for name in with_imports(names):
        path = module_path(name)
        package = path.parent.name
        found[f"{FOLDER}/{package}/__init__.mpy"] = _compiled("__init__", "", None)
        found[f"{FOLDER}/{package}/{path.stem}.mpy"] = _compiled(path.stem, path.read_text("utf-8"), native)
    return found


def with_imports(names: Iterable[str]) -> list[str]:
    """The modules, each after those of PACKAGES that it imports, as package/module; what is imported when it is used has to be
    named."""
    found: dict[str, None] = {}

    def add(name: str) -> None:
        for node in ast.walk(ast.parse(module_path(name).read_text("utf-8"))):
            wanted: list[str] = []
            if isinstance(node, ast.ImportFrom):
                wanted = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            for module in wanted:
                package, _, inner = module.partition(".")
                if package in PACKAGES and inner in modules(package) and f"{package}/{inner}" not in found:
                    add(f"{package}/{inner}")
        found[name] = None

    for name in names:
        add(name if "/" in name else f"{PACKAGES[0]}/{name}")
    return list(found)


def _folder(package: str) -> Path:
    # edgewise_rt is a package of its own in a wheel: both read the same files
    return Path(str(files(package))) if package == PACKAGES[0] else firmware_folder() / package


@cache
def _compiled(name: str, source: str, arch: str | None) -> bytes:
    return cross_compile(name, source, arch)
