"""Files to Dataset: what is read, what is assumed, and the one line for each thing that cannot be used."""

import csv
import gzip
import hashlib
import io
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.datasets import Dataset, load, shipped, split, thermistor
from edgewise.errors import DatasetError

ROOT = Path(__file__).resolve().parents[2]
EXTRA = Path(os.environ.get("EDGEWISE_EXTRA_DATA", ROOT.parent / "shared" / "data"))
CODE = "\"'); import os; os.remove('main.py') #"


def extra(name: str) -> Path:
    """A file or folder of the extra data; without it the test is skipped."""
    if not (EXTRA / name).exists():
        pytest.skip(f"no extra data {name} (EDGEWISE_EXTRA_DATA names the folder that holds it)")
    return EXTRA / name


def write(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path | str, target: str = "y", **options) -> str:
    with pytest.raises(DatasetError) as caught:
        load(path, target, **options)
    line = str(caught.value)
    assert line.splitlines() == [line]
    return line


# Reading


def test_a_csv_becomes_features_target_and_groups(tmp_path):
    path = write(tmp_path, "a,who,y,b,note\n1,p1,up,2.5,x\n-3e2,p2,down,0,\n4,p2,up,1,z\n")
    dataset = load(path, "y", group="who", drop=["note"])
    assert dataset.feature_names == ("a", "b")
    assert dataset.X.dtype == np.float64
    assert dataset.X.tolist() == [[1, 2.5], [-300, 0], [4, 1]]
    assert dataset.y.tolist() == ["up", "down", "up"]
    assert dataset.groups.tolist() == ["p1", "p2", "p2"]
    assert (dataset.target, dataset.task, dataset.path) == ("y", "classification", path)
    assert dataset.warnings == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.TXT", "rows.tsv", "rows.csv.gz"])
def test_delimiters_line_ends_and_compression(tmp_path, delimiter, end, name):
    text = end.join([delimiter.join(row) for row in (["a", "b", "y"], ["1", "2", "5.5"], ["3", "4", "6.5"])]) + end
    raw = b"\xef\xbb\xbf" + text.encode()
    dataset = load(write(tmp_path, gzip.compress(raw) if name.endswith("gz") else raw, name), "y")
    assert dataset.feature_names == ("a", "b")
    assert dataset.X.tolist() == [[1, 2], [3, 4]]
    assert dataset.y.tolist() == [5.5, 6.5]


def test_commas_win_where_text_holds_other_delimiters(tmp_path):
    dataset = load(write(tmp_path, "a;b;c,y\n1,u;v;w\n2,u;v;w\n3,k\n"), "y")
    assert dataset.feature_names == ("a;b;c",)
    assert dataset.y.tolist() == ["u;v;w", "u;v;w", "k"]


def test_blank_lines_are_no_rows(tmp_path):
    assert load(write(tmp_path, "\na,y\n\n1,2.5\n\n2,3.5\n\n"), "y").y.tolist() == [2.5, 3.5]


awkward = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8),
    st.sampled_from([CODE, 'a"b', "a\nb", "a\r\nb", "Größe [°C]", "温度", "a,b;c\td", "__import__('os')", "{0}", "\\n", "%s"]),
)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(
    names=st.lists(awkward.filter(lambda n: not is_number(n)), min_size=2, max_size=5, unique=True),
    labels=st.lists(awkward.filter(lambda n: n.strip() and not is_number(n)), min_size=2, max_size=4, unique=True),
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=4),
)
def test_names_labels_and_values_arrive_unchanged(tmp_path_factory, names, labels, values):
    if {label.lower() for label in labels} <= {"true", "false"}:
        labels.append("neither")
    if names[0].startswith("\ufeff"):
        names[0] = "x" + names[0]
    rows = [[*(values[i % len(values)] for i in range(len(names) - 1)), label] for label in labels * 2]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, *rows])
    path = write(tmp_path_factory.mktemp("csv"), text.getvalue())
    dataset = load(path, names[-1])
    assert dataset.feature_names == tuple(names[:-1])
    assert dataset.target == names[-1]
    assert dataset.y.tolist() == labels * 2
    assert dataset.X.tolist() == [row[:-1] for row in rows]


# What kind of target


@pytest.mark.parametrize(
    ("cells", "labels", "task"),
    [
        (["1", "2", "1"], [1, 2, 1], "classification"),
        (["1.0", "2.0", "1.0"], [1, 2, 1], "classification"),
        (["-1", "+1", " 1"], [-1, 1, 1], "classification"),
        (["True", "False", "True"], [True, False, True], "classification"),
        (["true", "FALSE", "true"], [True, False, True], "classification"),
        (["a", "1", "a"], ["a", "1", "a"], "classification"),
        (["nan", "rice", "nan"], ["nan", "rice", "nan"], "classification"),
        (["007", "8", "8"], ["007", "8", "8"], "classification"),
        (["1e3", "2e3", "2e3"], ["1e3", "2e3", "2e3"], "classification"),
        (["1_0", "2", "2"], ["1_0", "2", "2"], "classification"),
        (["٣", "4", "4"], ["٣", "4", "4"], "classification"),
        (["9007199254740993", "1", "1"], ["9007199254740993", "1", "1"], "classification"),
        (["1", "2", "3"], [1.0, 2.0, 3.0], "regression"),
        (["1", "2.5", "1"], [1.0, 2.5, 1.0], "regression"),
        ([str(i) for i in range(20)] * 2, [*range(20)] * 2, "classification"),
        ([str(i) for i in range(21)] * 2, [float(i) for i in range(21)] * 2, "regression"),
    ],
)
def test_the_target_decides_the_task(tmp_path, cells, labels, task):
    dataset = load(write(tmp_path, "x,y\n" + "".join(f"1,{cell}\n" for cell in cells)), "y")
    assert dataset.task == task
    assert dataset.y.tolist() == labels
    assert [type(label) for label in dataset.y.tolist()] == [type(label) for label in labels]


def test_the_caller_overrides_the_task(tmp_path):
    path = write(tmp_path, "x,y\n1,1\n1,2\n1,1\n1,3.5\n")
    assert load(write(tmp_path, "x,y\n1,1\n1,2\n1,1\n", "a.csv"), "y", task="regression").y.dtype == np.float64
    assert load(write(tmp_path, "x,y\n1,1\n1,2\n", "b.csv"), "y", task="classification").y.tolist() == [1, 2]
    assert "row 5, column 'y': 3.5 is no class; use the task regression" in refusal(path, task="classification")
    assert "'up' is not a number" in refusal(write(tmp_path, "x,y\n1,up\n1,2\n", "c.csv"), task="regression")
    assert "unknown task 'magic'" in refusal(write(tmp_path, "x,y\n1,1\n1,2\n1,2\n", "d.csv"), task="magic")


# What is assumed, with a warning


def test_one_field_more_in_every_row_is_an_unnamed_first_column(tmp_path):
    dataset = load(write(tmp_path, '"a","y"\n"1",5,0.5\n"2",6,1.5\n'), "y")
    assert dataset.X.tolist() == [[5], [6]]
    assert dataset.y.tolist() == [0.5, 1.5]
    assert len(dataset.warnings) == 1
    assert "3 fields, the header 2 names: assumed a first column without a name" in dataset.warnings[0]


def test_a_delimiter_at_the_end_of_every_row(tmp_path):
    dataset = load(write(tmp_path, "a,y\n5,0.5,\n6,1.5,\n"), "y")
    assert dataset.X.tolist() == [[5], [6]]
    assert "assumed a delimiter at the end" in dataset.warnings[0]


def test_a_column_without_a_name_is_dropped_with_a_warning(tmp_path):
    dataset = load(write(tmp_path, ",a,y\n0,5,0.5\n1,6,1.5\n"), "y")
    assert dataset.feature_names == ("a",)
    assert "column 1 has no name: dropped" in dataset.warnings[0]


def test_rows_without_a_header(tmp_path):
    path = write(tmp_path, "-64\t-56\t1\n-68\t-57\t2\n-60\t-50\t1\n", "rssi.txt")
    assert "the first row '-64\\t-56\\t1' looks like numbers" in refusal(path, "2")
    assert "--no-header" in refusal(path, "2")
    for target in ("c2", "2"):
        dataset = load(path, target, header=False)
        assert dataset.feature_names == ("c0", "c1")
        assert dataset.y.tolist() == [1, 2, 1]
    bad = write(tmp_path, "1\t2\n1\tx\n3\t4\n", "bad.txt")
    assert "row 2, column 'c1': 'x' is not a number" in refusal(bad, "0", header=False)


# What is refused


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["is empty, it holds 0 rows"]),
        ("\n\n", ["holds only blank lines"]),
        ("a,y\n", ["no rows below the header"]),
        ("a,y\n1,2\n", ["holds 1 row;", "at least 2"]),
        ("a,Y\n1,2\n", ["no column 'y'; did you mean 'Y'?"]),
        ("a,y,a\n1,2,3\n", ["2 columns are named 'a'"]),
        ("1,1,x\n3,4,z\n", ["2 columns are named '1'", "; the first row looks like values: --no-header?"]),
        ("a,y\n1,2\nx,3\n", ["row 3, column 'a': 'x' is not a number; --drop a or clean the row"]),
        ("a b,y\n1,2\nx,3\n", ["row 3, column 'a b'", "--drop 'a b'"]),
        ('"a\nb",y\n1,2\nx,3\n', ["row 4, column 'a\\nb': 'x'"]),
        ('a,y\n1,"u\nv"\nx,3\n', ["row 4, column 'a': 'x'"]),
        ("a,y\n\n1,2\n\nx,3\n", ["row 5, column 'a': 'x'"]),
        ("a,y\n1,2\n,3\n", ["row 3, column 'a': the cell is empty"]),
        ("a,y\n1,2\nNaN,3\n", ["row 3, column 'a': 'NaN' is not a finite float32"]),
        ("a,y\n1,2\n-inf,3\n", ["row 3, column 'a': '-inf' is not a finite float32"]),
        ("a,y\n1,2\n3.5e38,3\n", ["row 3, column 'a': '3.5e38' is not a finite float32"]),
        ("a,y\n1,2\n1_0,3\n", ["row 3, column 'a': '1_0' is not a number"]),
        ("a;y\n1,5;2\n2,5;3\n", ["row 2, column 'a': '1,5' is not a number", "decimal points"]),
        ("a,y\n1,2\n" + "x" * 500 + ",3\n", ["x" * 57 + "'..."]),
        ("a,y\n1,2\n3\n", ["row 3 holds 1 fields, expected 2"]),
        ("a,y\n1,2\n3,4,5\n", ["row 3 holds 3 fields, expected 2"]),
        ("a,y\n1,2,3\n3,4,5\n6,7\n", ["row 2 holds 3 fields, expected 2"]),
        ("a,y\n1,2\n3,\n", ["row 3, column 'y': the cell is empty"]),
        ("a,y\n1,2\n3,nan\n", ["row 3, column 'y': 'nan' is not a finite"]),
        ("a,y\n1,up\n3,up\n", ["target 'y' is 'up' in all 2 rows"]),
        ("a,y\n1,2.5\n3,2.5\n", ["target 'y' is 2.5 in all 2 rows"]),
        ("a,y\n1,u\n3,v\n4,w\n", ["target 'y' holds 3 classes in 3 rows"]),
        ("y\n1\n2\n", ["no feature is left"]),
        ('a,y\n1,2\n"3,4\n', ["row 3: unexpected end of data; correct the quotes"]),
        (b"a,y\n1,2\n3,\xb0C\n", ["row 3: byte 0xb0 is not UTF-8; save the file as UTF-8"]),
        ("a,y\n1,2\n".encode("utf-16-le"), ["row 1 holds a NUL byte"]),
        ("x,y\n" + "".join(f"1,{i}.5\n" for i in range(30)) + "1,?\n", ["row 32, column 'y': '?' is not a number"]),
    ],
)
def test_refused_in_one_line(tmp_path, content, expected):
    path = write(tmp_path, content)
    line = refusal(path)
    assert line.startswith(f"{path}: ")
    for part in expected:
        assert part in line


def test_files_that_are_none(tmp_path):
    path = write(tmp_path, "a,y\n1,2\n")
    assert "is a folder" in refusal(tmp_path)
    assert "no such file; did you mean 'rows.csv'?" in refusal(tmp_path / "row.csv")
    assert "no such file; check the path" in refusal(tmp_path / "other" / "row.csv")
    assert "unknown kind of file '.xlsx'; known are .csv, .tsv, .txt, .npy" in refusal(write(tmp_path, "", "rows.xlsx"))
    assert "is no whole gzip file" in refusal(write(tmp_path, gzip.compress(path.read_bytes())[:-9], "cut.csv.gz"))
    assert "is no whole gzip file" in refusal(write(tmp_path, "a,y\n1,2\n", "plain.csv.gz"))


@pytest.mark.parametrize(("first", "values"), [("5.1,3.5,x", True), ("5.1,x", True), ("nan,1,x", True), ("5.1,b,x", False)])
def test_a_header_that_looks_like_values(tmp_path, first, values):
    path = write(tmp_path, f"{first}\n{first}\n")
    hint = "; the first row looks like values: --no-header?"
    assert refusal(path, "species").endswith(hint) is values
    assert hint not in refusal(path, "c9", header=False)


def test_columns_named_by_the_caller(tmp_path):
    path = write(tmp_path, "a,who,y\n1,p,1\n2,,2\n3,q,1\n")
    assert "no column 'whom'; did you mean 'who'?" in refusal(path, group="whom")
    assert "no column 'zzz'; there are 'a', 'who', 'y'" in refusal(path, drop=["zzz"])
    assert "column 'y' is the target and cannot be dropped" in refusal(path, drop=["y"])
    assert "column 'who' is the group and cannot be dropped" in refusal(path, group="who", drop=["who"])
    assert "both target and group" in refusal(path, group="y")
    assert "row 3, column 'who': the cell is empty" in refusal(path, group="who")


# npy


def save(path: Path, array: np.ndarray, **options) -> Path:
    np.save(path, array, **options)
    return path


def test_npy_columns_by_number_or_field_name(tmp_path):
    path = save(tmp_path / "a.npy", np.array([[1, 2, 7], [3, 4, 8], [5, 6, 7]], np.int16))
    dataset = load(path, "2")
    assert dataset.feature_names == ("c0", "c1")
    assert dataset.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert dataset.y.tolist() == load(path, "c2").y.tolist() == [7, 8, 7]
    fields = np.array([(1.5, "é\n", True), (2.5, "b", False)], [("größe", "f4"), ("y", "U3"), ("on", "?")])
    dataset = load(save(tmp_path / "b.npy", fields), "y")
    assert dataset.feature_names == ("größe", "on")
    assert dataset.X.tolist() == [[1.5, 1], [2.5, 0]]
    assert dataset.y.tolist() == ["é\n", "b"]
    assert load(tmp_path / "b.npy", "on", drop=["y"]).y.tolist() == [True, False]
    assert "no column '0'; there are 'größe', 'y', 'on'" in refusal(tmp_path / "b.npy", "0")


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("held", [0, 1, 11, 12])
def test_a_short_npy_says_what_it_holds(tmp_path, held, fortran):
    array = np.asarray(np.arange(36, dtype=np.int16).reshape(12, 3), order="F" if fortran else "C")
    path = save(tmp_path / "a.npy", array)
    full = path.read_bytes()
    path.write_bytes(full[: len(full) - 72 + held * 6])
    if held == 12:
        assert load(path, "2").X.shape == (12, 2)
    else:
        numbers = f"{held * 3} of the 36 values" if fortran else f"{held} of the 12 rows"
        assert f"is cut short, it holds {numbers} its header promises" in refusal(path, "2")


def test_npy_that_holds_no_table(tmp_path):
    assert "is no npy file" in refusal(write(tmp_path, "a,y\n1,2\n", "text.npy"))
    assert "is no npy file" in refusal(write(tmp_path, b"\x93NUMPY\x01\x00", "head.npy"))
    assert "never loaded" in refusal(save(tmp_path / "o.npy", np.array([[{}, 1]], object), allow_pickle=True))
    assert "has shape (4,)" in refusal(save(tmp_path / "flat.npy", np.zeros(4)))
    assert "has shape (4, 0)" in refusal(save(tmp_path / "none.npy", np.zeros((4, 0))))
    assert "no rows" in refusal(save(tmp_path / "empty.npy", np.zeros((0, 4))))
    assert "holds complex128" in refusal(save(tmp_path / "c.npy", np.zeros((4, 2), complex)))
    header = (tmp_path / "empty.npy").read_bytes().replace(b"(0, 4)", b"(0, 4 ")
    assert "is no npy file" in refusal(write(tmp_path, header, "open.npy"))
    text = save(tmp_path / "text.npy", np.array([["a", "b"], ["c", "d"]])).read_bytes()
    assert "column 'c0' holds text that is no Unicode" in refusal(write(tmp_path, text[:-16] + b"\xff" * 16, "u.npy"), "1")
    array = np.arange(8.0).reshape(4, 2)
    array[2, 1] = math.nan
    assert "row 3, column 'c1': nan is not a finite" in refusal(save(tmp_path / "nan.npy", array), "0")


# Split


def rows(y, groups=None) -> Dataset:
    y = np.array(y)
    task = "regression" if y.dtype.kind == "f" else "classification"
    X = np.arange(len(y), dtype=float).reshape(-1, 1)
    return Dataset(X, y, ("x",), "y", task, groups=None if groups is None else np.array(groups))


def assert_parts(dataset: Dataset, train: np.ndarray, test: np.ndarray) -> None:
    assert sorted([*train, *test]) == list(range(len(dataset.y)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_on_one_side(seed):
    dataset = rows(["a", "b"] * 30, [f"p{i // 6}" for i in range(60)])
    train, test = split(dataset, 0.3, seed)
    assert_parts(dataset, train, test)
    assert len(test) == 18
    assert not set(dataset.groups[train]) & set(dataset.groups[test])
    train, test = split(dataset, 0.3, seed, ignore_groups=True)
    assert_parts(dataset, train, test)
    assert set(dataset.groups[train]) & set(dataset.groups[test])


@pytest.mark.parametrize("seed", range(20))
def test_every_class_is_on_both_sides_where_groups_allow_it(seed):
    """Recordings of one class each: drawn blindly, every third split would lose a class."""
    dataset = rows(np.repeat([*"aaabbbcccddd"], 3).tolist(), np.repeat([f"r{i}" for i in range(12)], 3).tolist())
    train, test = split(dataset, 0.34, seed)
    assert set(dataset.y[train]) == set(dataset.y[test]) == {*"abcd"}


def test_a_class_of_one_group_is_trained_on():
    dataset = rows([*"ababab", "c", "c"], [*"112233", "4", "4"])
    for seed in range(20):
        assert "c" in dataset.y[split(dataset, 0.5, seed)[0]]


def test_classes_keep_their_shares_and_the_seed_decides():
    dataset = rows([0] * 90 + [1] * 10)
    train, test = split(dataset, 0.3, seed=3)
    assert_parts(dataset, train, test)
    assert np.bincount(dataset.y[test]).tolist() == [27, 3]
    assert np.array_equal(test, split(dataset, 0.3, seed=3)[1])
    assert not np.array_equal(test, split(dataset, 0.3, seed=4)[1])
    assert len(split(rows([float(i) for i in range(10)]), 0.25)[1]) == 3


def refused_split(dataset: Dataset, *arguments, **options) -> str:
    with pytest.raises(DatasetError) as caught:
        split(dataset, *arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_splits_that_cannot_be():
    for size in (0, 1, -0.5, 30, math.nan):
        assert f"test size {size} is no share" in refused_split(rows([1, 2] * 5), size)
    for seed in (-1, 2**32):
        assert f"seed {seed} is out of range" in refused_split(rows([1, 2] * 5), 0.3, seed)
    assert "all rows are of group 'p'" in refused_split(rows([1, 2] * 5, ["p"] * 10))
    assert "leaves none of 2 groups to train on" in refused_split(rows([1, 2] * 5, ["p", "q"] * 5), 0.9)
    assert "leaves none of 2 rows to train on" in refused_split(rows([1.0, 2.0]), 0.6)
    assert "into 8 and 2, fewer than the 5 classes" in refused_split(rows([*"abcde"] * 2), 0.2)
    assert "is only among the groups drawn for testing" in refused_split(rows([*"aabb"], [*"1122"]), 0.5)


def test_a_class_of_one_row_is_trained_on_or_the_split_is_refused():
    dataset, probe = rows(["a"] * 9 + ["b"]), rows([float(i) for i in range(10)])
    trained = {seed: 9 in split(probe, 0.3, seed)[0] for seed in range(20)}
    assert set(trained.values()) == {True, False}
    for seed, kept in trained.items():
        if kept:
            assert 9 in split(dataset, 0.3, seed)[0]
        else:
            assert "class 'b' is only among the rows drawn for testing" in refused_split(dataset, 0.3, seed)


def test_a_dataset_checks_its_shapes():
    dataset = rows(["a", "b", "a"])
    with pytest.raises(DatasetError, match=r"X has shape \(2, 1\)"):
        replace(dataset, X=dataset.X[:2])
    with pytest.raises(DatasetError, match="2 groups for 3 rows"):
        replace(dataset, groups=np.array(["p", "q"]))


# Thermistor


def test_thermistor_follows_the_beta_formula():
    for bits in (12, 16):
        dataset = thermistor(500, seed=1, noise_counts=0, bits=bits)
        share = dataset.X[:, 0] / (2**bits - 1) * 3300 / dataset.X[:, 1]
        ohm = 10_000 * share / (1 - share)
        kelvin = 1 / (1 / 298.15 + np.log(ohm / 10_000) / 3977)
        assert np.abs(kelvin - 273.15 - dataset.y).max() < (0.1 if bits == 12 else 0.02)
        assert dataset.X[:, 0].max() <= 2**bits - 1
        assert dataset.units == ("counts", "mV")


def test_thermistor_repeats_with_its_seed_and_checks_its_arguments():
    assert np.array_equal(thermistor(50, 7).X, thermistor(50, 7).X)
    assert not np.array_equal(thermistor(50, 7).X, thermistor(50, 8).X)
    quiet, noisy = thermistor(500, 7, 0), thermistor(500, 7, 20)
    assert 15 < np.std(noisy.X[:, 0] - quiet.X[:, 0]) < 25
    for wrong in ({"n": 1}, {"noise_counts": -1}, {"bits": 10}):
        with pytest.raises(DatasetError, match="need n of 2 or more"):
            thermistor(**wrong)


# Shipped and extra data


def test_shipped_by_full_or_short_name():
    assert shipped("shuttle") == shipped("shuttle.csv.gz")
    for wrong in ("shutle", "../pyproject.toml", "/etc/passwd", "README.md", ""):
        with pytest.raises(DatasetError, match="come with Edgewise"):
            shipped(wrong)
    with pytest.raises(DatasetError, match="did you mean 'shuttle'"):
        shipped("shutle")


def test_occupancy_is_read_with_a_warning():
    path = extra("occupancy") / "datatraining.txt"
    assert "row 2, column 'date': '2015-02-04 17:51:00' is not a number; --drop date" in refusal(path, "Occupancy")
    dataset = load(path, "Occupancy", drop=["date"])
    assert dataset.X.shape == (8143, 5)
    assert dataset.X[0].tolist() == [23.18, 27.272, 426, 721.25, 0.00479298817650529]
    assert set(dataset.y.tolist()) == {0, 1}
    assert len(dataset.warnings) == 1
    assert "8 fields, the header 7 names" in dataset.warnings[0]


def test_wifi_localization_has_no_header():
    path = extra("wifi_localization") / "wifi_localization.txt"
    assert "looks like numbers" in refusal(path, "7")
    dataset = load(path, "c7", header=False)
    assert dataset.X.shape == (2000, 7)
    assert np.unique(dataset.y, return_counts=True)[1].tolist() == [500] * 4


def test_power_plant_is_regression():
    dataset = load(extra("power_plant") / "Folds5x2_pp.csv", "EP")
    assert dataset.X.shape == (9568, 4)
    assert dataset.task == "regression"


def test_short_recordings_are_refused_with_their_rows():
    short = {}
    for path in sorted(extra("har_exercise_1/raw").glob("*.npy")):
        held = max(0, path.stat().st_size - 80) // 6
        if held >= 1000:
            assert load(path, "0").X.shape == (1000, 2)
        else:
            short[path] = held
    assert len(short) == 14
    for path, held in short.items():
        expected = f"holds {held} of the 1000 rows" if path.stat().st_size else "is empty, it holds 0 rows"
        assert expected in refusal(path, "0")


# The sidecar of features.csv

COLUMNS = ("mean", "std", "label", "recording", "person", "start_s")


def features_csv(folder: Path, people: str = "pqpq", columns: tuple[str, ...] = COLUMNS, **changes) -> Path:
    """Four windows of four recordings, with the sidecar that `edgewise features` writes."""
    cells = {"mean": "1234", "std": "5678", "label": "abab", "recording": "rstu", "person": people, "start_s": "0123"}
    lines = [",".join(columns), *(",".join(cells[name][i] for name in columns) for i in range(4))]
    path = write(folder, "\n".join(lines) + "\n", "features.csv")
    roles = {"label": "label", "recording": "recording", "start_s": None} | ({"person": "person"} if "person" in columns else {})
    stage = {
        "format": 1,
        **{"sets": ["motion"], "axes": ["x"], "units": ["g"], "scales": [1.0], "offsets": [0.0], "feature_units": ["g", "g"]},
        **{"rate_hz": 100, "length": 4, "hop": 2, "sensor": None, "features": ["mean", "std"], "roles": roles},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_name("features.csv.json").write_text(json.dumps(stage | changes))
    return path


def test_columns_with_a_role_are_no_features(tmp_path):
    dataset = load(features_csv(tmp_path), "label")
    assert dataset.feature_names == ("mean", "std")
    assert (dataset.group, dataset.groups.tolist()) == ("person", ["p", "q", "p", "q"])
    assert dataset.stage["sets"] == ["motion"]
    assert dataset.warnings == ()
    assert dataset.options == ("--target", "label", "--group", "person")


def test_the_group_is_the_person_then_the_recording_then_what_is_asked(tmp_path):
    assert load(features_csv(tmp_path, "pppp"), "label").group == "recording"
    without = tuple(name for name in COLUMNS if name != "person")
    assert load(features_csv(tmp_path, columns=without), "label").group == "recording"
    assert load(features_csv(tmp_path), "label", group="recording").groups.tolist() == [*"rstu"]
    assert load(features_csv(tmp_path), "label", drop=["person"]).group == "recording"
    assert load(features_csv(tmp_path), "person").group == "recording"


def test_some_of_the_computed_features_keep_the_stage(tmp_path):
    dataset = load(features_csv(tmp_path), "label", drop=["std"])
    assert (dataset.feature_names, dataset.stage["features"], dataset.warnings) == (("mean",), ["mean", "std"], ())


def test_a_feature_that_the_stage_does_not_compute(tmp_path):
    dataset = load(features_csv(tmp_path, features=["mean", "rms"]), "label")
    assert dataset.stage is None
    assert dataset.warnings == ("features.csv.json does not tell how std is computed: deploy --app cannot compute it on a board",)


def test_a_sidecar_of_another_file_is_refused(tmp_path):
    assert "features.csv was changed after" in refusal(features_csv(tmp_path, sha256="0" * 64), "label")
    assert "is not of format 1" in refusal(features_csv(tmp_path, format=2), "label")


def test_a_file_without_a_sidecar_has_no_stage(tmp_path):
    path = features_csv(tmp_path)
    path.with_name("features.csv.json").unlink()
    dataset = load(path, "label", drop=["recording", "person"])
    assert (dataset.feature_names, dataset.stage, dataset.groups) == (("mean", "std", "start_s"), None, None)
