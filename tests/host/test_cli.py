"""The contract of the command line: every command, its JSON, its exit code, and one line for whatever a user gets wrong."""

import csv
import io
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from command import Edgewise, Outcome, sensor_csv, snapshot
from rich.console import Console
from sklearn.dummy import DummyClassifier
from sklearn.tree import DecisionTreeClassifier

from edgewise import show, training
from edgewise.cli import board as board_commands
from edgewise.cli import terminal
from edgewise.estimators import ANOMALIES, CLUSTERS, MODELS

COMMANDS = ("sensors", "record", "import", "features", "boards", "models", "train", "transpile", "check", "deploy", "verify")
COMMANDS += ("bench", "explain", "monitor", "report", "emulate", "firmware", "demo")
CODE = "\"'); import os; os.remove('main.py') #"
NASTY = ["[bold]x[/]", "[/", ":smile:", "a\nb", 'say "hi"', CODE, "Größe", "温度", "\x1b[2J", "{0}%s\\n"]


@pytest.fixture
def edgewise(monkeypatch, capsys) -> Edgewise:
    return Edgewise(monkeypatch, capsys)


@pytest.fixture
def artifact(edgewise, tmp_path) -> Path:
    """A small tree, trained and transpiled."""
    folder = tmp_path / "made" / "tree"
    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--group", "person", "-o", folder)
    edgewise.ok("transpile", folder)
    return folder


# Shape


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_is_tidy(edgewise, command):
    text = edgewise.ok(command, "--help").stdout
    assert text.startswith(f"Usage: edgewise {command} [OPTIONS]")
    assert "--json" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "--no-json" not in text
    assert "[" not in re.sub(r"\[default: |\[required\]|\[x>=[\d.]+\]|list\[", "", text.split("Options:")[1])


def test_the_list_of_commands_is_whole(edgewise):
    text = edgewise.ok("--help").stdout
    listed = text.split("Commands:")[1].splitlines()[1:]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert not any(line.endswith("...") for line in listed)  # no summary is cut off
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("boards", "--nonsense"),
        ("boards", "extra"),
        ("train",),
        ("train", "x.csv"),
        ("train", "x.csv", "--target", "y"),
        ("train", "x.csv", "--target", "y", "-o", "m", "--seed", "one"),
        ("transpile",),
        ("check", "m"),
        ("deploy", "m"),
        ("verify", "m", "--port", "unix", "--rows", "0"),
        ("verify", "m"),
        ("bench", "m"),
        ("demo", "--port"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(edgewise, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = edgewise(*arguments)
    assert (outcome.code, outcome.stdout) == (2, "") or arguments == ()
    assert outcome.code == 2
    assert "Traceback" not in outcome.stderr
    assert snapshot(tmp_path) == {}


def test_a_model_file_needs_an_output_folder(edgewise, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(DecisionTreeClassifier().fit([[0], [1]], [0, 1])))
    outcome = edgewise("transpile", path)
    assert outcome.code == 2
    assert "-o DIR" in outcome.stderr


def test_the_version(edgewise):
    assert edgewise.ok("--version").stdout.startswith("edgewise 0.")


def test_every_board_is_shown_whole(edgewise):
    listed = edgewise.ok("boards", "--json").json
    shown = edgewise.ok("boards").stdout
    assert "RPI_PICO" in [board["id"] for board in listed]
    for board in listed:
        line = next(line for line in shown.splitlines() if f" {board['id']} " in line)
        assert [board["mcu"], board["mpy_arch"], str(board["heap_free_bytes"]), str(board["fs_bytes"])] == [
            word for word in line.split() if word not in (board["id"], "32", "64", "yes", "no", str(board["clock_hz"] // 10**6))
        ]


def test_every_model_is_shown(edgewise):
    assert [row["model"] for row in edgewise.ok("models", "--json").json["names"]] == [*MODELS, *ANOMALIES, *CLUSTERS]
    assert all(name in edgewise.ok("models").stdout for name in MODELS)


def test_every_estimator_is_listed_with_its_reason(edgewise):
    rows = edgewise.ok("models", "--json").json["estimators"]
    assert {"RandomForestClassifier", "KMeans", "StandardScaler", "DBSCAN"} < {row["name"] for row in rows}
    shown = " ".join(edgewise.ok("models").stdout.split())
    assert [
        row for row in rows if f" {row['name']} {'yes' if row['supported'] else 'no'} {row['note']}".rstrip() not in shown
    ] == []
    clusterers = edgewise.ok("models", "--supported", "--kind", "clusterer", "--json").json["estimators"]
    assert "KMeans" in [row["name"] for row in clusterers]
    assert {(row["kind"], row["supported"]) for row in clusterers} == {("clusterer", True)}
    assert edgewise("models", "--kind", "[bold]").error.startswith(
        "error: no estimator is of kind '[bold]'; choose from classifier, "
    )


def test_train_transpile_check_as_json(edgewise, tmp_path):
    folder = tmp_path / "tree"
    trained = edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--group", "person", "-o", folder, "--json").json
    assert trained["metric"] == "accuracy"
    assert {"score", "random_score", "baseline_score"} < trained.keys()
    assert (trained["train_rows"] + trained["test_rows"], trained["warnings"]) == (60, [])
    made = edgewise.ok("transpile", folder, "--json").json
    assert made["name"] == "tree"
    assert made["mpy_bytes"] == (folder / "tree.armv6m.mpy").stat().st_size
    checked = edgewise.ok("check", folder, "--board", "RPI_PICO", "--json").json
    assert (checked["fits"], checked["problems"], checked["where"]) == (True, [], "RPI_PICO")
    assert checked["footprint"]["heap_held_bytes"] == made["heap_held_bytes"]


def test_tables_for_people(edgewise, tmp_path):
    folder = tmp_path / "tree"
    shown = edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--group", "person", "-o", folder).stdout
    assert re.search(r"held out +│ 2 of 5 groups, 24 rows ", shown)
    assert "a random split would claim" in shown
    assert "always the same answer" in shown
    assert str((folder / "tree.py").name) not in snapshot(folder)
    assert "tree" in edgewise.ok("transpile", folder).stdout
    assert "fits" in edgewise.ok("check", folder, "--board", "RPI_PICO").stdout


def test_the_module_takes_a_free_name_from_the_folder(edgewise, tmp_path):
    rows = sensor_csv(tmp_path)
    for folder, name in {"time": "model_time", "5 Trees!": "model_5_trees_", "Größe": "gr__e", "class": "model_class"}.items():
        edgewise.ok("train", rows, "--target", "y", "--drop", "person", "-o", tmp_path / folder)
        assert edgewise.ok("transpile", tmp_path / folder, "--json").json["name"] == name
    assert edgewise.ok("transpile", tmp_path / "time", "--name", "other", "--json").json["name"] == "other"
    assert not (tmp_path / "time" / "model_time.py").exists()  # of the earlier artifact
    for wrong in ("time", "5x", "a.b", "../x", "def", "größe", ""):
        outcome = edgewise("transpile", tmp_path / "time", "--name", wrong)
        assert outcome.code == (0 if wrong == "" else 1)


def test_training_again_removes_the_artifact_of_the_older_model(edgewise, artifact, tmp_path):
    edgewise.ok("train", sensor_csv(tmp_path, n=80), "--target", "y", "--drop", "person", "-o", artifact)
    assert sorted(snapshot(artifact)) == ["model.skops", "rows.npz", "training.json"]
    assert "run edgewise transpile" in edgewise("check", artifact, "--board", "RPI_PICO").error


def test_deploy_verify_bench_on_a_target_that_starts_empty(edgewise, artifact, unix_port):
    deployed = edgewise.ok("deploy", artifact, "--port", "unix", "--json").json
    assert deployed == {"copied": ["/lib/tree.mpy"], "kept": [], "removed": []}
    proof = edgewise.ok("verify", artifact, "--port", "unix", "--json").json
    assert proof["passed"]
    assert proof["n_rows"] == proof["n_equal"] + proof["n_explained"] + proof["n_unexplained"] > 0
    assert edgewise.ok("verify", artifact, "--port", "unix", "--rows", 3, "--json").json["n_rows"] == 3
    assert edgewise.ok("bench", artifact, "--port", "unix", "--json").json["us_per_call"] > 0
    edgewise.ok("bench", artifact, "--port", "unix")


@pytest.mark.usefixtures("unix_port")
def test_tables_of_a_target_that_ends_with_the_command(edgewise, artifact):
    shown = edgewise.ok("deploy", artifact, "--port", "unix").stdout
    assert rows_of(shown) == {
        "copied": "/lib/tree.mpy",
        "note": "the unix port has ended with this command; edgewise emulate keeps a board up",
    }
    rows = rows_of(edgewise.ok("verify", artifact, "--port", "unix").stdout)
    assert list(rows) == ["result", "rows", "equal", "explained", "unexplained"]  # no row without a value
    assert rows["result"] == "passed"


def rows_of(table: str) -> dict[str, str]:
    """The rows of a table of two columns, by the first; a value that was folded is whole again."""
    rows: dict[str, str] = {}
    for line in table.splitlines():
        if line.startswith("│"):
            key, value = (cell.strip() for cell in line.strip("│").split("│"))
            key = key or [*rows][-1]
            rows[key] = f"{rows.get(key, '')} {value}".strip()
    return rows


@pytest.mark.usefixtures("unix_port")
def test_progress_without_a_terminal(edgewise, artifact, monkeypatch):
    assert edgewise.ok("verify", artifact, "--port", "unix").stderr == ""
    monkeypatch.setattr(terminal, "SAY_EVERY_S", 0.0)
    said = edgewise.ok("verify", artifact, "--port", "unix").stderr.splitlines()
    assert re.fullmatch(r"copying tree: (\d+)/\1 bytes", said[0])
    assert said[1:] == ["verifying: 8/24 rows", "verifying: 24/24 rows"]


@pytest.mark.parametrize("port", ["cortex-m3", "riscv"])
def test_the_boards_of_qemu_verify_and_have_no_clock(edgewise, artifact, port):
    """They start in a second, so no fixture shares them here."""
    assert edgewise.ok("firmware", port).stdout.endswith("firmware.elf\n")
    outcome = edgewise.ok("verify", artifact, "--port", port)
    assert "Verified (emulated)" in outcome.stdout
    error = edgewise("bench", artifact, "--port", port).error
    assert re.fullmatch(r"error: the emulated (Cortex-M3|RISC-V): it has no clock; measure on another board", error)


@pytest.mark.usefixtures("unix_port")
def test_the_demo(edgewise, tmp_path):
    options = ["demo", "--port", "unix", "-o", tmp_path / "exercise"]
    found = edgewise.ok(*options, "--json").json
    assert found["n_rows"] == found["n_equal"] + found["n_explained"] > 300
    assert found["random_score"] > found["score"] > found["baseline_score"]
    assert found["mpy_bytes"] == (tmp_path / "exercise" / "exercise.x64.mpy").stat().st_size
    again = edgewise.ok(*options)  # into its own folder; steps 7 and 8 need the emulated Pico
    assert f"{found['n_equal']}/{found['n_rows']}" in again.stdout
    assert [line[:3] for line in again.stderr.splitlines() if line[1:2] == "/"] == [f"{i}/8" for i in range(1, 7)]


def test_the_path_of_the_firmware_alone_is_on_stdout(edgewise, unix_port):
    path = edgewise.ok("firmware", "unix").stdout
    assert path.endswith("micropython\n")
    assert os.access(path[:-1], os.X_OK)
    assert edgewise.ok("firmware", "unix", "--json").json == {"path": path[:-1]}


def test_the_firmware_of_the_pico(edgewise, emulated_pico):
    outcome = edgewise.ok("firmware", "RPI_PICO")
    assert Path(outcome.stdout[:-1]).suffix == ".uf2"
    assert "MicroPython" in outcome.stderr
    assert edgewise.ok("firmware", "RPI_PICO", "--json").json["path"] == outcome.stdout[:-1]


@pytest.mark.parametrize("command", ["firmware", "emulate"])
def test_firmware_of_other_boards(edgewise, command):
    assert "RPI_PICO only" in edgewise(command, "ESP32_GENERIC").error
    assert "no board 'PICO'" in edgewise(command, "PICO").error


def test_as_a_process(tmp_path):
    """The installed entry point: exit code, nothing but JSON on stdout, labels that the terminal cannot encode."""
    rows = sensor_csv(tmp_path, labels=("µ", "温", "b"))
    run = [sys.executable, "-c", "from edgewise.cli import main; main()"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    train = [*run, "train", str(rows), "--target", "y", "--drop", "person", "-o", "größe"]
    done = subprocess.run(train, capture_output=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run([*run, "check", "nowhere", "--board", "x"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [done.stderr.rstrip("\n")]


def test_commands_that_need_no_scikit_learn_do_not_wait_for_it():
    program = "import sys, edgewise.cli; print([name for name in sys.modules if name.split('.')[0] in ('sklearn', 'scipy')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# What the data may hold


@pytest.mark.parametrize("nasty", NASTY)
def test_names_and_labels_are_data(edgewise, tmp_path, nasty, unix_port):
    text = io.StringIO()
    rows = [[i, i % 3, nasty if i % 2 else nasty + "!"] for i in range(20)]
    csv.writer(text).writerows([[nasty + "1", "b", nasty], *rows])
    path = tmp_path / "rows.csv"
    path.write_bytes(text.getvalue().encode())
    folder = tmp_path / "nasty"
    train = edgewise.ok("train", path, "--target", nasty, "-o", folder)
    shown = edgewise.ok("transpile", folder)
    checked = edgewise.ok("check", folder, "--board", "RPI_PICO")
    verified = edgewise.ok("verify", folder, "--port", "unix")
    for outcome in (train, shown, checked, verified):
        assert all(letter.isprintable() or letter == "\n" for letter in outcome.stdout + outcome.stderr)
    printable = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in nasty)
    target = shown.stdout.replace(" ", "").replace("│", "").replace("\n", "")
    assert f"target{printable},seed0".replace(" ", "") in target  # neither eaten as markup nor replaced
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["features"] == [nasty + "1", "b"]
    assert sorted(manifest["classes"]) == sorted([nasty, nasty + "!"])
    names = {}
    exec((folder / "nasty.py").read_text(encoding="utf-8"), names)
    assert names["FEATURES"] == (nasty + "1", "b")


def test_an_unexplained_difference_shows_a_nasty_label(edgewise, artifact, monkeypatch):
    from edgewise.verify import Verification

    found = Verification(2, 1, 0, 1, "row 0 [1]: the board says '[bold]a', scikit-learn ':smile:'\n\x1b[2J", None)
    monkeypatch.setattr(board_commands, "prove", lambda *_: found)
    monkeypatch.setattr(terminal, "copy", lambda *_: None)
    outcome = edgewise("verify", artifact, "--port", "unix")
    assert outcome.error.startswith(
        "error: 1 of 2 rows differ; row 0 [1]: the board says '[bold]a', scikit-learn ':smile:' \\x1b[2J"
    )
    assert "[bold]a" in outcome.stdout
    assert rows_of(outcome.stdout)["result"] == "failed: 1 of 2 rows differ"
    assert "\x1b" not in outcome.stdout


# What a user gets wrong: one line, exit code 1, nothing half-written

ROWS = "a,b,y\n" + "".join(f"{i},{i * i % 7},{'up' if i % 2 else 'down'}\n" for i in range(20))
BAD_FILES = {  # name: (file name, content, options, what the line says)
    "missing": ("no.csv", None, "", "no such file"),
    "no such data": ("nowhere", None, "", "no data 'nowhere' come with Edgewise"),
    "empty": ("rows.csv", "", "", "is empty"),
    "blank": ("rows.csv", "\n\n", "", "only blank lines"),
    "header only": ("rows.csv", "a,b,y\n", "", "no rows below the header"),
    "no such column": ("rows.csv", ROWS, "--target z", "no column 'z'"),
    "no such group": ("rows.csv", ROWS, "--group who", "no column 'who'"),
    "no such column to drop": ("rows.csv", ROWS, "--drop q", "no column 'q'"),
    "text in a feature": ("rows.csv", ROWS + "1,warm,up\n", "", "'warm' is not a number"),
    "NaN in a feature": ("rows.csv", ROWS + "1,nan,up\n", "", "not a finite float32"),
    "infinity in a feature": ("rows.csv", ROWS + "1,inf,up\n", "", "not a finite float32"),
    "an empty cell": ("rows.csv", ROWS + "1,,up\n", "", "the cell is empty"),
    "one row too long": ("rows.csv", ROWS + "1,2,up,3\n", "", "holds 4 fields, expected 3"),
    "one class": ("rows.csv", ROWS.replace("down", "up"), "", "nothing can be learned"),
    "fewer rows than classes": ("rows.csv", "a,y\n1,p\n2,q\n3,r\n", "", "3 classes in 3 rows"),
    "one group": ("rows.csv", ROWS.replace("down", "up").replace("b,y", "who,y") + "3,0,down\n", "--group y", "cannot be both"),
    "unknown model": ("rows.csv", ROWS, "--model oracle", "unknown model 'oracle'; choose from tree, forest"),
    "model of the other task": ("rows.csv", ROWS, "--model lasso", "is for regression"),
    "unknown task": ("rows.csv", ROWS, "--task guess", "unknown task 'guess'"),
    "unknown kind of file": ("rows.xlsx", "PK", "", "unknown kind of file '.xlsx'"),
    "test size": ("rows.csv", ROWS, "--test-size 1.5", "is no share"),
    "seed": ("rows.csv", ROWS, "--seed -1", "out of range"),
    "units of a tree": ("rows.csv", ROWS, "--hidden 4", "--hidden is for --model mlp, and this is a DecisionTreeClassifier"),
    "no units": ("rows.csv", ROWS, "--model mlp --hidden 4 --hidden 0", "--hidden 4 0: a hidden layer has 1 unit or more"),
    "unknown activation": (
        "rows.csv",
        ROWS,
        "--model mlp --activation step",
        "unknown activation 'step'; choose from relu, tanh",
    ),
    "no epochs": ("rows.csv", ROWS, "--model mlp --epochs 0", "--epochs 0: it takes 1 or more"),
    "all pruned": ("rows.csv", ROWS, "--model mlp --prune 1", "--prune 1 is no share of the weights"),
    "too few for the neighbors": ("rows.csv", "a,y\n1,p\n2,q\n3,p\n4,q\n", "--model knn", "2 training rows for 5 neighbors"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_training_data(edgewise, tmp_path, monkeypatch, name):
    file, content, options, says = BAD_FILES[name]
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(file).write_text(content)
    before = snapshot(tmp_path)
    options = options if "--target" in options else f"--target y {options}"
    outcome = edgewise("train", file, *options.split(), "-o", "new/deep/folder")
    assert says in outcome.error
    assert outcome.stderr.splitlines() == [outcome.error]
    assert outcome.stdout == ""
    assert snapshot(tmp_path) == before


NETWORK = ("--model", "mlp", "--hidden", 5, "--hidden", 4, "--activation", "tanh", "--epochs", 30)


def test_a_network_tells_its_loss(edgewise, tmp_path):
    train = ["train", sensor_csv(tmp_path), "--target", "y", "--group", "person", *NETWORK, "--folds", 0, "-o", tmp_path / "m"]
    outcome = edgewise.ok(*train)
    said = [line for line in outcome.stderr.splitlines() if not line.startswith("warning: ")]
    assert [line.split(":")[0] for line in said] == [f"epoch {epoch}" for epoch in (1, 2, 5, 10, 20, 30)]
    told = edgewise.ok(*train, "--json").json
    losses = told["loss"]["losses"]
    assert [float(line.split()[-1]) for line in said] == pytest.approx(
        [losses[epoch - 1] for epoch in (1, 2, 5, 10, 20, 30)], abs=1e-4
    )
    assert (len(losses), told["loss"]["pruned_after"], told["pruned"]) == (30, None, None)
    rows = rows_of(outcome.stdout)
    assert rows["loss"] == f"{losses[0]:.4g} to {losses[-1]:.4g} in 30 epochs"
    assert (tmp_path / "m" / "error.svg").read_bytes().startswith(b"<?xml")
    assert rows["error chart"].replace(" ", "").endswith("m/error.svg")
    assert training.load(tmp_path / "m").results.loss.losses == tuple(losses)
    edgewise.ok("train", tmp_path / "rows.csv", "--target", "y", "--drop", "person", "-o", tmp_path / "m")
    assert sorted(snapshot(tmp_path / "m")) == ["model.skops", "rows.npz", "training.json"]


def test_a_pruned_network_tells_what_it_cost(edgewise, tmp_path):
    train = ["train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", *NETWORK, "--prune", 0.5, "--folds", 0]
    outcome = edgewise.ok(*train, "-o", tmp_path / "m")
    rows = rows_of(outcome.stdout)
    told = edgewise.ok(*train, "-o", tmp_path / "m", "--json").json
    assert float(rows["before pruning"]) == pytest.approx(told["pruned"]["full_score"], abs=1e-4)
    assert rows["weights that are zero"] == "21 of 42"
    assert (told["pruned"]["share"], told["pruned"]["n_zero"], told["pruned"]["n_weights"]) == (0.5, 21, 42)
    assert told["loss"]["pruned_after"] == 30 < len(told["loss"]["losses"])


def test_without_matplotlib_there_is_no_chart(edgewise, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    train = ["train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", *NETWORK, "--folds", 0, "-o", tmp_path / "m"]
    warned = [line for line in edgewise.ok(*train).stderr.splitlines() if "chart" in line]
    assert len(warned) == 1
    assert re.match(r"warning: no error chart: a figure needs matplotlib \(.*\); pip install 'edgewise\[report\]'$", warned[0])
    assert sorted(snapshot(tmp_path / "m")) == ["model.skops", "rows.npz", "training.json"]


def test_on_a_terminal_one_line_changes(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(terminal, "err", Console(file=screen, force_terminal=True, width=100, legacy_windows=False))
    with terminal.losses("training") as on_epoch:
        for epoch in range(1, 41):
            on_epoch(epoch, 4.0 / epoch)
    shown = screen.getvalue()
    assert "training, epoch 40: loss 0.1000 █" in shown
    assert "epoch 20" not in shown.replace("training, epoch", "")  # no lines beside it


@pytest.mark.parametrize(
    ("losses", "shown"),
    [([], ""), ([0.0, 0.0], "▁▁"), ([8.0, 4.0, 0.0], "█▅▁"), ([1.0] * 50, "█" * 20), ([7.0, float("nan"), 3.5], "█▁▅")],
)
def test_a_curve_in_letters(losses, shown):
    assert show.sparkline(losses) == shown


def test_an_npy_cut_short(edgewise, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(300.0).reshape(100, 3))
    path.write_bytes(path.read_bytes()[:-100])
    assert "is cut short" in edgewise("train", path, "--target", "c2", "-o", tmp_path / "m").error
    assert sorted(snapshot(tmp_path)) == ["rows.npy"]


def test_what_was_assumed_is_a_warning(edgewise, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{i}," * (i > 0) + line + "\n" for i, line in enumerate(ROWS.splitlines())))
    outcome = edgewise.ok("train", path, "--target", "y", "-o", tmp_path / "m")
    assert outcome.stderr.startswith("warning: ")
    assert "assumed a first column without a name (row numbers), dropped" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert edgewise.ok("train", path, "--target", "y", "-o", tmp_path / "m", "--json").json["warnings"] == [
        outcome.stderr.removeprefix("warning: ").strip()
    ]


def test_no_header_task_and_drop(edgewise, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{i},x,{i % 3}\n" for i in range(30)))
    options = ["--no-header", "--target", "c2", "--drop", "c1", "-o", tmp_path / "m", "--json"]
    assert edgewise.ok("train", path, *options).json["metric"] == "accuracy"
    assert edgewise.ok("train", path, *options, "--task", "regression").json["metric"] == "R2"
    assert training.load(tmp_path / "m").feature_names == ("c0",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--board", "PICO"), "no board 'PICO'"),
        (("--backend", "asm"), "unknown back end 'asm'; choose from auto, table, expression, viper, thumb"),
        (("--name", "time"), "'time' cannot name a module"),
    ],
)
def test_unknown_things_leave_the_artifact_alone(edgewise, artifact, options, says):
    before = snapshot(artifact)
    assert says in edgewise("transpile", artifact, *options).error
    assert snapshot(artifact) == before


@pytest.mark.parametrize("board", ["PICO", "", "nowhere.json", "RPI_PICO.json"])
def test_unknown_boards(edgewise, artifact, board):
    edgewise("check", artifact, "--board", board).error  # noqa: B018 - it asserts


# Folders


@pytest.mark.parametrize("command", ["train", "transpile", "demo"])
@pytest.mark.parametrize("kind", ["something else", "manifest of others", "file", "below a file"])
def test_output_folders_that_are_not_ours(edgewise, artifact, tmp_path, command, kind):
    output = tmp_path / "theirs"
    if kind == "file":
        output.write_text("mine")
    elif kind == "below a file":
        (tmp_path / "x").write_text("mine")
        output = tmp_path / "x" / "y" / "theirs"
    else:
        output.mkdir()
        (output / "package.json").write_text('{"name": "a web site"}')
        if kind == "manifest of others":  # every browser extension has one
            (output / "manifest.json").write_text('{"manifest_version": 3, "name": "theirs"}')
    before = snapshot(tmp_path)
    source = {"train": [tmp_path / "rows.csv", "--target", "y"], "transpile": [artifact], "demo": ["--port", "unix"]}[command]
    error = edgewise(command, *source, "-o", output).error
    assert "folder" in error
    assert "package.json" in error or "manifest.json" in error or "is a file" in error
    assert snapshot(tmp_path) == before


def test_a_folder_that_cannot_be_made(edgewise, tmp_path):
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that nobody may write to")
    error = edgewise("train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", "-o", "/proc/edgewise/m").error
    assert "/proc" in error
    assert "another output folder" in error


def test_a_folder_that_the_system_calls_read_only(edgewise, artifact, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode, **_: not mode & os.W_OK)  # chmod does not stop root
    before = snapshot(tmp_path)
    assert "may not be written to" in edgewise("transpile", artifact, "-o", tmp_path / "new").error
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("command", ["check", "deploy", "verify", "bench"])
@pytest.mark.parametrize("folder", ["nowhere", "rows.csv", "."])
def test_folders_without_an_artifact(edgewise, tmp_path, monkeypatch, command, folder):
    sensor_csv(tmp_path)
    monkeypatch.chdir(tmp_path)
    option = ["--board", "RPI_PICO"] if command == "check" else ["--port", "unix"]
    assert "holds no manifest.json; run edgewise transpile" in edgewise(command, folder, *option).error


@pytest.mark.parametrize("command", ["check", "deploy", "verify", "bench", "explain", "transpile"])
def test_folders_one_step_off(edgewise, artifact, tmp_path, command):
    """Of a model that is not transpiled, and the folder above an artifact."""
    trained = artifact.parent / "knn"
    edgewise.ok("train", tmp_path / "rows.csv", "--target", "y", "--drop", "person", "-o", trained)
    (artifact.parent / "theirs").mkdir()
    (artifact.parent / "theirs" / "manifest.json").write_text("{}")
    option = {"check": ["--board", "RPI_PICO"], "explain": [], "transpile": []}.get(command, ["--port", "unix"])
    error = edgewise(command, artifact.parent, *option).error
    lacks = "model.skops" if command == "transpile" else "manifest.json"
    assert error == f"error: {artifact.parent} holds no {lacks}; did you mean {trained}, {artifact}?"
    if command not in ("transpile", "deploy"):  # these two transpile it
        error = edgewise(command, trained, *option).error
        assert error == f"error: {trained} holds a trained model that is not transpiled; run edgewise transpile {trained}"


# Saved models


def skops_file(folder: Path, estimator) -> Path:
    path = folder / "model.skops"
    path.write_bytes(skops.io.dumps(estimator))
    return path


def small_tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier().fit([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def transpile(edgewise, tmp_path, path: Path, *options: str) -> Outcome:
    before = snapshot(tmp_path)
    outcome = edgewise("transpile", path, "-o", tmp_path / "out", *options)
    if outcome.code:
        assert snapshot(tmp_path) == before
    return outcome


def test_a_skops_file(edgewise, tmp_path):
    assert transpile(edgewise, tmp_path, skops_file(tmp_path, small_tree())).code == 0
    error = edgewise("verify", tmp_path / "out", "--port", "unix").error
    assert "has no rows to verify with; transpile a training folder, save again with program.save(DIR, X_test)" in error


@pytest.mark.parametrize("name", ["plants.csv", "plants.TSV", "plants.txt", "plants.csv.gz", "plants.npy"])
def test_data_are_no_model(edgewise, tmp_path, name):
    path = tmp_path / name
    path.write_text("a,y\n1,2\n")
    error = transpile(edgewise, tmp_path, path).error
    assert error == f"error: {path} is data, not a model: run edgewise train {path} --target COLUMN -o DIR first"


@pytest.mark.parametrize("dump", [pickle.dumps, joblib.dump], ids=["pickle", "joblib"])
@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model"])
def test_pickles_are_read_only_on_demand(edgewise, tmp_path, dump, name):
    path = tmp_path / name
    if dump is joblib.dump:
        joblib.dump(small_tree(), path)
    else:
        path.write_bytes(pickle.dumps(small_tree()))
    assert "--trust-pickle" in transpile(edgewise, tmp_path, path).error
    assert transpile(edgewise, tmp_path, path, "--trust-pickle").code == 0


def test_a_pickle_that_runs_code_runs_none(edgewise, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("model.pkl", "model.skops", "model.joblib"):
        Path(name).write_bytes(pickle.dumps(Evil()))
        assert name in transpile(edgewise, tmp_path, Path(name)).error
    Path("model.skops").unlink()
    Path("model.skops").write_bytes(pickle.dumps(Evil()))
    assert "not a readable .skops" in transpile(edgewise, tmp_path, Path("model.skops"), "--trust-pickle").error
    assert not Path("pwned").exists()


def test_a_pickle_that_is_none(edgewise, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"not a pickle")
    assert "cannot be read as a pickle" in transpile(edgewise, tmp_path, path, "--trust-pickle").error


def test_damaged_skops_files(edgewise, tmp_path):
    path = skops_file(tmp_path, small_tree())
    whole = path.read_bytes()
    for damaged in (b"", b"PK", whole[:-30], whole[: len(whole) // 2], whole[len(whole) // 2 :], b"\0" * 100):
        path.write_bytes(damaged)
        assert "not a readable .skops file" in transpile(edgewise, tmp_path, path).error


def test_every_flipped_byte_of_a_skops_file_is_one_line_or_harmless(tmp_path):
    path = skops_file(tmp_path, small_tree())
    whole = path.read_bytes()
    for at in range(0, len(whole), 211):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            training.load_estimator(path)
        except training.ModelFileError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - a flip may also be harmless


def test_skops_files_with_types_that_are_not_trusted(edgewise, tmp_path):
    path = skops_file(tmp_path, DummyClassifier().set_params(constant=np.random.RandomState))
    error = transpile(edgewise, tmp_path, path).error
    assert "types that are not trusted" in error
    path = skops_file(tmp_path, ["a", "list"])
    assert "list is not supported as the model" in transpile(edgewise, tmp_path, path).error
    path = skops_file(tmp_path, DummyClassifier().fit([[0]], [1]))
    assert "DummyClassifier is not supported as the model: does not look at the row" in transpile(edgewise, tmp_path, path).error
    path = skops_file(tmp_path, DecisionTreeClassifier())
    assert "not fitted" in transpile(edgewise, tmp_path, path).error


@pytest.mark.parametrize("name", ["model.skops", "rows.npz", "training.json"])
def test_damaged_training_folders(edgewise, tmp_path, name):
    folder = tmp_path / "m"
    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", "-o", folder)
    whole = (folder / name).read_bytes()
    middle = len(whole) // 2
    for damaged in (b"", whole[:middle], whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :], None):
        (folder / name).unlink(missing_ok=True)
        if damaged is not None:
            (folder / name).write_bytes(damaged)
        before = snapshot(tmp_path)
        outcome = edgewise("transpile", folder, "-o", tmp_path / "out")
        assert str(folder) in outcome.error
        assert snapshot(tmp_path) == before


def test_a_training_folder_of_two_trainings(edgewise, tmp_path):
    folder = tmp_path / "m"
    edgewise.ok("train", sensor_csv(tmp_path), "--target", "y", "--drop", "person", "-o", folder)
    np.savez(folder / "rows.npz", X_train=np.zeros((3, 2)), X_test=np.zeros((3, 5)))
    assert "different trainings" in edgewise("transpile", folder).error


# Ports


@pytest.mark.parametrize("command", ["deploy", "verify", "bench"])
@pytest.mark.parametrize("port", ["/dev/ttyNOPE", "socket://127.0.0.1:1", "COM77", "nonsense://x", "/dev/null", ""])
def test_ports_with_no_board(edgewise, artifact, command, port):
    error = edgewise(command, artifact, "--port", port).error
    assert port in error


def test_auto_without_a_board(edgewise, artifact, monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [])
    assert "--port emulator" in edgewise("deploy", artifact, "--port", "auto").error


def test_a_busy_port(edgewise, artifact, emulated_pico):
    assert "another program has it" in edgewise("deploy", artifact, "--port", emulated_pico.address).error
