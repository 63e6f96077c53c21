"""Imports of the package point one way, and only the command line prints or exits."""

import ast
from pathlib import Path

import edgewise
from edgewise.program import RESERVED

ROOT = Path(edgewise.__file__).parent

# A module imports from its own layer or one below; the first layer is the lowest. `edgewise` itself is __init__.py.
LAYERS = (
    {"errors"},
    {"float32", "tables", "mpy", "boards", "debian_build", "recursion", "recording"},
    {"rounding", "journal", "runtime"},
    {"decisions"},
    {"recordings", "sensors", "runtime_text"},
    {"readings"},
    {
        "bounds",
        "fixed",
        "ir",
        "machines",
        "anomaly",
        "datasets",
        "estimators",
        "condense",
        "pruning",
        "teach",
        "firmware",
        "importers",
    },
    {"evaluation", "epochs", "unsupervised", "exact"},
    {"algebra"},
    {"folding", "board_trees", "network"},
    {
        "lower",
        "lower.anomalies",
        "lower.bayes",
        "lower.boosting",
        "lower.foreign",
        "lower.centroids",
        "lower.discriminants",
        "lower.wrappers",
        "lower.machines",
        "lower.linear",
        "lower.network",
        "lower.neighbors",
        "lower.stages",
        "lower.trees",
        "lower.unsupported",
        "passes",
    },
    {"packed_trees"},
    {
        "reference",
        "backends",
        "backends.expression",
        "backends.module",
        "backends.native",
        "backends.packed_neighbors",
        "backends.packed_linear",
        "backends.packed_network",
        "backends.packed_machine",
        "backends.packing",
        "backends.staging",
        "backends.table",
    },
    {"footprint", "golden", "splits"},
    {"program"},
    {"artifact"},
    {"stages", "targets.target", "targets.serial", "targets.unix", "targets._sensors"},
    {"targets._rp2040py_mend", "targets._keep"},
    {"targets", "targets.emulator", "targets.emulated_pico", "targets.qemu"},
    {"coverage", "training", "deploy", "verify", "bench", "fit", "explain"},
    {"app"},
    {"monitor"},
    {"show"},
    {"record", "plots"},
    {"report", "report.board", "report.inside", "report.markup", "report.model", "report.worth"},
    {"edgewise"},
    {"cli.terminal"},
    {"cli.live"},
    {"cli.model", "cli.sensor"},
    {"cli.board"},
    {"cli.demo"},
    {"cli"},
)
# Imported when they are called: Program.save() writes an artifact, which describes a program; a table may have a stage beside it.
LAZY = {("program", "artifact"), ("datasets", "stages")}
SCRIPTS = {"targets._rp2040py_mend", "targets._keep"}  # run as a process of their own
COMMAND_LINE = {name for names in LAYERS for name in names if name.partition(".")[0] == "cli"}
PRINTS = COMMAND_LINE | SCRIPTS
SPEAKING = {"print", "exit", "quit", "sys.exit", "os._exit", "breakpoint"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "edgewise"


def on_a_board(name: str) -> bool:
    return name.startswith(("backends.kernels", "targets.device"))


FILES = {module_name(path): path for path in ROOT.rglob("*.py")}
HOST = {name: path for name, path in FILES.items() if not on_a_board(name)}
DEVICE = {name: path for name, path in FILES.items() if on_a_board(name)}


def imported(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it; ours without "edgewise.", others by their first name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} line {node.lineno}: imports are absolute here"
            prefix = f"{node.module}."
            names = [prefix + alias.name if is_module(prefix + alias.name) else str(node.module) for alias in node.names]
        else:
            continue
        found |= {name.removeprefix("edgewise.") if name.startswith("edgewise") else name.partition(".")[0] for name in names}
    return found


def is_module(name: str) -> bool:
    return name.startswith("edgewise.") and name.removeprefix("edgewise.") in FILES


def layer(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def test_every_module_has_a_layer():
    missing = set(HOST) - set().union(*LAYERS)
    assert not missing, f"say where {sorted(missing)} stand in LAYERS of {Path(__file__).name}"


def test_imports_point_down():
    wrong = [
        f"{name} imports {other}"
        for name, path in HOST.items()
        for other in imported(path) & set(HOST)
        if layer(other) > layer(name) and (name, other) not in LAZY
    ]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    graph = {name: {other for other in imported(path) & set(HOST) if (name, other) not in LAZY} for name, path in HOST.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " imports ".join((*above[above.index(name) :], name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_the_lazy_import_is_one():
    for name, other in LAZY:
        tree = ast.parse(HOST[name].read_text("utf-8"))
        assert other in imported(HOST[name])
        top = {f"{node.module}" for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert f"edgewise.{other}" not in top


def test_the_host_takes_nothing_from_the_board_but_files():
    assert not [(name, other) for name, path in HOST.items() for other in imported(path) if other in DEVICE]


def test_code_for_the_board_takes_nothing_from_the_host():
    for name, path in DEVICE.items():
        others = imported(path)
        if name.startswith("backends.kernels"):
            kernels = {other for other in others if other.startswith("backends.kernels.")}
            held = {"edgewise_rt.stage"}  # in the module, where it is used
            assert others - kernels - held <= {"array", "math", "micropython", "uctypes"}, name
        else:
            assert others <= RESERVED, name


def test_only_the_command_line_prints_or_exits():
    wrong = []
    for name, path in HOST.items():
        if name in PRINTS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SPEAKING:
                wrong.append(f"{path.name} line {node.lineno}: {ast.unparse(node.func)}()")
            if isinstance(node, ast.Raise) and node.exc and "SystemExit" in ast.unparse(node.exc):
                wrong.append(f"{path.name} line {node.lineno}: SystemExit")
    assert wrong == []
