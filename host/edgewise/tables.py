"""A file of rows as named columns: csv, tsv, txt (each may be gzip-compressed) and npy.

Nothing here knows features from targets; `edgewise.datasets` does. Every error is one line: text from the file appears
in it as Python's repr, so that a newline in a name cannot break the line.
"""

import csv
import gzip
import io
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tokenize import TokenError

import numpy as np

from edgewise.errors import DatasetError

# A comma first: a file that reads well with commas is a comma file, whatever its text cells hold.
DELIMITERS = (",", "\t", ";")
SNIFFED_ROWS = 20
FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Table:
    """Columns of one length: each a list of str (from text) or a 1-D array of numbers or str (from npy).

    `rows` are the 1-based row numbers that an editor shows; `named` is False where the names c0, c1, ... were made up.
    """

    path: Path
    names: tuple[str, ...]
    columns: tuple[list[str] | np.ndarray, ...]
    rows: range | list[int]
    named: bool = True
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        name, count = max(Counter(self.names).items(), key=lambda item: item[1], default=("", 0))
        if count > 1:
            raise DatasetError(f"{self.path}: {count} columns are named {name!r}; give each its own name{self._no_header()}")
        if not self.rows:
            raise DatasetError(f"{self.path}: no rows below the header; add rows of measurements")

    def index(self, name: str) -> int:
        """Where column `name` stands; a column of a table without names may be called by its 0-based number."""
        if name in self.names:
            return self.names.index(name)
        if not self.named and f"c{name}" in self.names:
            return self.names.index(f"c{name}")
        raise DatasetError(f"{self.path}: no column {name!r}; {near(name, self.names)}{self._no_header()}")

    def _no_header(self) -> str:
        """What to add to an error about names, half of which or more are numbers."""
        n_values = sum(number(name) is not None for name in self.names)
        return "; the first row looks like values: --no-header?" if 2 * n_values >= len(self.names) else ""

    def place(self, column: int, row: int) -> str:
        """How an error names a cell; `row` counts from 0 without the header."""
        return f"{self.path}: row {self.rows[row]}, column {self.names[column]!r}"

    def numbers(self, column: int, remedy: str = "correct the cell") -> np.ndarray:
        """Column as float64, shape (n_rows,).

        DatasetError, ending in `remedy`, at the first cell that is no number, or none that a float32 can hold.
        """
        cells = self.columns[column]
        if isinstance(cells, list):
            values = np.array([np.nan if (v := number(cell)) is None else v for cell in cells])
        else:
            values = cells.astype(np.float64)
        bad = np.flatnonzero(~(np.abs(values) <= FLOAT32_MAX))
        if not bad.size:
            return values
        cell = cells[bad[0]]
        comma = ""
        if not isinstance(cell, str):
            fault = f"{float(cell)!r} is not a finite float32 number"
        elif not cell.strip():
            fault = "the cell is empty"
        elif number(cell) is None:
            fault = f"{shown(cell)} is not a number"
            comma = "write decimal points, not commas, or " if number(cell.replace(",", ".")) is not None else ""
        else:
            fault = f"{shown(cell)} is not a finite float32 number"
        raise DatasetError(f"{self.place(column, bad[0])}: {fault}; {comma}{remedy}")


def number(text: str) -> float | None:
    """The float that `text` writes ("nan" and "inf" too), or None; Python's own digit grouping 1_000 is no number."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def shown(text: str) -> str:
    """`text` for an error line: quoted, escaped and cut to a readable length."""
    return repr(text) if len(text) <= 60 else f"{text[:57]!r}..."


def near(name: str, choices: tuple[str, ...] | list[str]) -> str:
    """What to say after a name that is none of `choices`."""
    lower = {choice.lower(): choice for choice in choices}
    close = [lower[match] for match in get_close_matches(name.lower(), lower, n=3)]
    if close:
        return "did you mean " + " or ".join(map(repr, close)) + "?"
    listed = ", ".join(map(shown, choices[:12]))
    return f"there are {listed}" + (f" and {len(choices) - 12} more" if len(choices) > 12 else "")


def read(path: Path, header: bool = True) -> Table:
    """The table in the file `path`; `header=False` for a text file whose first row holds values.

    Raises DatasetError, one line that names the file, the row and the remedy.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if path.is_dir():
        raise DatasetError(f"{path}: is a folder; name a file in it")
    if not path.exists():
        found = get_close_matches(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [], n=1)
        raise DatasetError(f"{path}: no such file" + (f"; did you mean {found[0]!r}?" if found else "; check the path"))
    if suffix not in READERS:
        raise DatasetError(f"{path}: unknown kind of file {suffix!r}; known are {', '.join(READERS)}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if path.suffix.lower() == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DatasetError(f"{path}: is no whole gzip file ({error}); fetch it again") from error
    if not raw:
        raise DatasetError(f"{path}: is empty, it holds 0 rows; record or fetch it again")
    return READERS[suffix](path, raw, header)


def _read_text(path: Path, raw: bytes, header: bool) -> Table:
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise DatasetError(f"{path}: row {line} holds a NUL byte, so it is no UTF-8 text; save the file as UTF-8 csv")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        raise DatasetError(f"{path}: row {line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8") from error
    delimiter = _delimiter(text)
    try:
        records = list(_records(text, delimiter))
    except csv.Error as error:
        raise DatasetError(f"{path}: row {error.args[1]}: {error.args[0]}; correct the quotes") from error
    if not records:
        raise DatasetError(f"{path}: holds only blank lines; add a header and rows of measurements")
    if header and all(number(cell) is not None for cell in records[0][1]):
        first = shown(delimiter.join(records[0][1]))
        raise DatasetError(f"{path}: the first row {first} looks like numbers, not names; add names or use --no-header")
    names = records.pop(0)[1] if header else [f"c{i}" for i in range(len(records[0][1]))]
    warnings = []
    if records and all(len(row) == len(names) + 1 for _, row in records):
        trailing = all(row[-1] == "" for _, row in records)
        what = "delimiter at the end of each row" if trailing else "first column without a name (row numbers)"
        warnings.append(f"{path}: rows hold {len(names) + 1} fields, the header {len(names)} names: assumed a {what}, dropped")
        records = [(line, row[:-1] if trailing else row[1:]) for line, row in records]
    for line, row in records:
        if len(row) != len(names):
            hint = f"quote text that holds {delimiter!r}, or correct" if len(row) > len(names) else "complete or delete"
            raise DatasetError(f"{path}: row {line} holds {len(row)} fields, expected {len(names)}; {hint} the row")
    columns = [list(column) for column in zip(*(row for _, row in records), strict=True)] or [[] for _ in names]
    unnamed = [i for i, name in enumerate(names) if name == ""]
    warnings += [f"{path}: column {i + 1} has no name: dropped; name it to use it" for i in unnamed]
    kept = [i for i in range(len(names)) if i not in unnamed]
    return Table(
        path,
        tuple(names[i] for i in kept),
        tuple(columns[i] for i in kept),
        [line for line, _ in records],
        header,
        tuple(warnings),
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, after the 1-based number of its first line; csv.Error(reason, line)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise csv.Error(str(error), line) from error
        if row is None:
            return
        if row:
            yield line, row


def _delimiter(text: str) -> str:
    """The first delimiter that cuts the first rows evenly (rows may have one field more than the header).

    Failing that, the one that cuts the first row into most fields: the reader then names the row that is wrong.
    """
    widths: dict[str, int] = {}
    for delimiter in DELIMITERS:
        found = []
        try:
            for _, row in zip(range(SNIFFED_ROWS), _records(text, delimiter), strict=False):
                found.append(len(row[1]))
        except csv.Error:
            continue
        widths[delimiter] = found[0] if found else 0
        if found and found[0] >= 2 and (set(found[1:]) <= {found[0]} or set(found[1:]) == {found[0] + 1}):
            return delimiter
    return max(widths, key=lambda d: widths[d], default=DELIMITERS[0])


def _read_npy(path: Path, raw: bytes, header: bool) -> Table:
    """A 2-D array, or a 1-D array with named fields; `header` has no meaning here. Pickled objects are refused."""
    stream = io.BytesIO(raw)
    try:
        version = np.lib.format.read_magic(stream)
        shape, fortran, dtype = NPY_HEADERS[version](stream)
        if min(shape, default=0) < 0 or dtype.itemsize == 0:
            raise ValueError(f"shape {shape} of {dtype}")
    except (ValueError, KeyError, SyntaxError, TokenError) as error:
        raise DatasetError(f"{path}: is no npy file that numpy.save wrote; save the array again") from error
    if dtype.hasobject:
        raise DatasetError(f"{path}: holds pickled Python objects, which are never loaded; save an array of numbers")
    if len(shape) != (1 if dtype.names else 2) or 0 in shape[1:]:
        raise DatasetError(f"{path}: has shape {shape}; save rows x columns, or one dimension of named fields")
    width = 1 if dtype.names else shape[1]
    held = (len(raw) - stream.tell()) // (dtype.itemsize * (1 if fortran else width))
    promised = shape[0] * width if fortran else shape[0]
    if held < promised:
        what = "values" if fortran else "rows"
        raise DatasetError(f"{path}: is cut short, it holds {held} of the {promised} {what} its header promises; fetch it again")
    stream.seek(0)
    array = np.load(stream, allow_pickle=False)
    names = tuple(array.dtype.names or (f"c{i}" for i in range(width)))
    columns = tuple(array[name] if dtype.names else array[:, i] for i, name in enumerate(names))
    for name, column in zip(names, columns, strict=True):
        if column.ndim != 1 or column.dtype.kind not in "biufU":
            raise DatasetError(f"{path}: column {name!r} holds {column.dtype}, not numbers or text; save it as numbers")
        if column.dtype.kind == "U":
            # numpy neither checks the code points of a file nor survives wrong ones.
            points = np.ascontiguousarray(column).view(f"{column.dtype.byteorder}u4")
            if ((points > sys.maxunicode) | ((points >= 0xD800) & (points <= 0xDFFF))).any():
                raise DatasetError(f"{path}: column {name!r} holds text that is no Unicode; save the array again")
    columns = tuple(column.tolist() if column.dtype.kind == "U" else column for column in columns)
    return Table(path, names, columns, range(1, len(array) + 1), bool(dtype.names))


# Version 3 differs from 2 in the encoding of field names, which are taken from the loaded array instead.
NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}
READERS: dict[str, Callable[[Path, bytes, bool], Table]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".npy": _read_npy,
}
