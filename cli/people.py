"""The CSV of people: checked whole in a first pass, streamed in calls in a second.

The promises: every broken row is named by its line before anything is sent, and a file of any length takes the memory
of one call. Columns: `ref` and `email`, `name` where there is one; every other column is a variable of the template.
A row that cannot be meant (fields missing, no ref, a ref twice) is broken; an address that merely looks wrong is
doubtful, since the service fails that person alone and says why.
"""

import csv
import gzip
import hashlib
import io
import json
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from cli import encoding
from cli.errors import BadInput

PEOPLE_PER_CALL = 5_000
BYTES_PER_CALL = 4_000_000  # of NDJSON: keeps memory flat where rows are wide
FAULTS_SHOWN = 20

REQUIRED = ("ref", "email")
# What the service takes; a person beyond it would be refused in the middle of the upload.
LONGEST = {"ref": 200, "email": 320, "name": 200}
LONGEST_VARIABLES = 16_000
DELIMITERS = (",", ";", "\t")

_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_PLAUSIBLE = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST_ADDRESS = 254  # RFC 5321


class Row(NamedTuple):
    """A person; `line` is where the row begins."""

    line: int
    ref: str
    email: str
    name: str
    variables: dict[str, str]

    def person(self) -> dict[str, Any]:
        return {"ref": self.ref, "email": self.email, "name": self.name, "variables": self.variables}


class Fault(NamedTuple):
    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


@dataclass
class Faults:
    """The first few, and the count of all: a file may be wrong on every line."""

    first: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, fault: Fault) -> None:
        self.count += 1
        self.first.append(fault)
        if len(self.first) > FAULTS_SHOWN:
            self.first = sorted(self.first)[:FAULTS_SHOWN]

    def lines(self) -> list[str]:
        more = self.count - len(self.first)
        return [*map(str, sorted(self.first)), *([f"and {more:,} more"] if more else [])]


class Checked(NamedTuple):
    people: int
    digest: str
    doubtful: Faults


class Call(NamedTuple):
    """The people of lines `first` to `last`, as gzipped NDJSON."""

    first: int
    last: int
    people: int
    body: bytes


class PeopleFile:
    """A CSV whose encoding and columns are known; opening one raises `BadInput` where they cannot be told."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadInput(f"{path} is not a file; it is read twice, so a pipe will not do")
        self.path = path
        self.encoding = encoding.recognise(path)
        self._header_line, self.delimiter, self.columns = self._header()

    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def check(self, strict: bool = False) -> Checked:
        """The whole file, or `BadInput` naming its broken rows; with `strict`, doubtful addresses are broken too."""
        digest, people, refs = self.digest(), 0, array("Q")
        broken, doubtful = Faults(), Faults()
        for entry in self.entries():
            if isinstance(entry, Fault):
                broken.add(entry)
                continue
            people += 1
            refs.append(_hash(entry.ref))
            if not _plausible(entry.email):
                (broken if strict else doubtful).add(
                    Fault(entry.line, f"'{entry.email}' does not look like an address")
                )
        for fault in self._repeated(refs):
            broken.add(fault)
        if broken.count:
            rows = "1 row is" if broken.count == 1 else f"{broken.count:,} rows are"
            raise BadInput(f"{self.path}: {rows} broken. Nothing was sent.", broken.lines())
        if not people:
            raise BadInput(f"{self.path}: there is nobody in it, only the header")
        return Checked(people, digest, doubtful)

    def entries(self) -> Iterator[Row | Fault]:
        """Every row, or what is wrong with it; empty lines are passed over."""
        for line, values in self._records(self.delimiter):
            if isinstance(values, str):
                yield Fault(line, values)
            elif line != self._header_line:
                yield self._entry(line, values)

    def calls(self) -> Iterator[Call]:
        """The people of a checked file, in calls."""
        lines: list[bytes] = []
        size = first = last = 0
        for entry in self.entries():
            if isinstance(entry, Fault):
                raise BadInput(f"{self.path} changed after it was checked: {entry}")
            line = json.dumps(entry.person(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            if lines and (len(lines) == PEOPLE_PER_CALL or size + len(line) > BYTES_PER_CALL):
                yield _call(first, last, lines)
                lines, size = [], 0
            first, last = (first if lines else entry.line), entry.line
            lines.append(line)
            size += len(line)
        if lines:
            yield _call(first, last, lines)

    def at_line(self, line: int) -> Row:
        for entry in self.entries():
            if entry.line == line and isinstance(entry, Fault):
                raise BadInput(f"{self.path}: {entry}")
            if entry.line == line and isinstance(entry, Row):
                return entry
        raise BadInput(f"{self.path}: nobody begins on line {line}; the header is on line {self._header_line}")

    def _entry(self, line: int, values: list[str]) -> Row | Fault:
        if len(values) != len(self.columns):
            return Fault(line, f"has {len(values)} fields where the header has {len(self.columns)}")
        variables = dict(zip(self.columns, values, strict=True))
        known = {column: variables.pop(column, "").strip() for column in LONGEST}
        for column, value in known.items():
            if problem := _problem(column, value):
                return Fault(line, f"{column} {problem}")
        if any("\0" in value for value in values):
            return Fault(line, "a variable has a NUL character in it")
        if len(json.dumps(variables, ensure_ascii=False).encode()) > LONGEST_VARIABLES:
            return Fault(line, f"its variables take more than {LONGEST_VARIABLES:,} bytes")
        return Row(line, known["ref"], known["email"], known["name"], variables)

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
        """(first line, fields) of every record that is not empty; where csv gives up, (line, problem) and the end."""
        with self.path.open("rb") as raw:
            raw.seek(self.encoding.skip)
            with io.TextIOWrapper(raw, self.encoding.name, newline="") as text:
                reader = csv.reader(text, delimiter=delimiter, strict=True)
                line = 1
                try:
                    for values in reader:
                        if any(values):
                            yield line, values
                        line = reader.line_num + 1
                except csv.Error as error:
                    yield line, f"cannot be read as CSV ({error}); look for a missing or stray quotation mark"
                except UnicodeDecodeError:
                    raise encoding.fault(self.path, self.encoding) from None

    def _header(self) -> tuple[int, str, list[str]]:
        """The header's line, the delimiter under which it shows most of the columns wanted, and its columns."""
        readings = []
        for delimiter in DELIMITERS:
            line, values = next(self._records(delimiter), (0, []))
            columns = [_column(value) for value in values] if isinstance(values, list) else []
            readings.append((sum(column in LONGEST for column in columns), len(columns), line, delimiter, columns))
        _, width, line, delimiter, columns = max(readings, key=lambda reading: reading[:2])
        if not width:
            raise BadInput(f"{self.path} is empty, or its first line cannot be read as CSV")
        if missing := [column for column in REQUIRED if column not in columns]:
            found = ", ".join(columns)
            raise BadInput(
                f"{self.path}, line {line}: no column {' and no column '.join(missing)}", [f"found: {found}"]
            )
        if "" in columns:
            raise BadInput(f"{self.path}, line {line}: column {columns.index('') + 1} has no name")
        if twice := [column for place, column in enumerate(columns) if column in columns[:place]]:
            raise BadInput(f"{self.path}, line {line}: there are two columns {twice[0]}")
        return line, delimiter, columns

    def _repeated(self, refs: "array[int]") -> Iterator[Fault]:
        """Refs that are there twice. `refs` are hashes: only where two are equal is the file read again."""
        suspects = {one for one, other in pairwise(sorted(refs)) if one == other}
        if not suspects:
            return
        lines: dict[str, int] = {}
        for entry in self.entries():
            if isinstance(entry, Row) and _hash(entry.ref) in suspects:
                if entry.ref in lines:
                    yield Fault(entry.line, f"ref '{entry.ref}' is on line {lines[entry.ref]} already")
                lines.setdefault(entry.ref, entry.line)


def _column(value: str) -> str:
    """`Email` is `email`; a variable keeps its letters, since templates tell them apart."""
    name = value.strip()
    return name.lower() if name.lower() in LONGEST else name


def _problem(column: str, value: str) -> str:
    """What is wrong with a value that no person can have."""
    if not value and column in REQUIRED:
        return "is empty"
    if len(value) > LONGEST[column]:
        return f"has {len(value):,} characters; {LONGEST[column]} is the most"
    return "has a line break or another control character in it" if _CONTROL.search(value) else ""


def _plausible(email: str) -> bool:
    return len(email) <= _LONGEST_ADDRESS and _PLAUSIBLE.fullmatch(email) is not None


def _hash(ref: str) -> int:
    return hash(ref) & (2**64 - 1)


def _call(first: int, last: int, lines: list[bytes]) -> Call:
    return Call(first, last, len(lines), gzip.compress(b"".join(lines), compresslevel=6, mtime=0))
