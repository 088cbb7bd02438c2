"""Rooms are as docs/development.md lists them, nothing imports upwards, and nothing is too long to read."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.docs.reading import ROOT, names, read, table

SRC = ROOT / "src"
ROOMS = names(table(read("docs/development.md"), "room", "what happens there"))
READ_BY_PEOPLE = {".css", ".html", ".js", ".md", ".mjs", ".py", ".sql", ".svg", ".toml", ".yml"}


def test_every_room_is_documented_and_they_can_be_looked_over() -> None:
    entries = [path for path in SRC.iterdir() if path.name != "__pycache__"]
    assert set(ROOMS) == {path.name + ("/" if path.is_dir() else "") for path in entries}
    assert len(entries) <= 24


def test_rooms_import_only_from_rooms_below_them() -> None:
    below = {room.removesuffix(".py").removesuffix("/"): place for place, room in enumerate(ROOMS)}
    upwards = [
        f"{file.relative_to(ROOT)}:{line} imports {imported}"
        for file in sorted(SRC.rglob("*.py"))
        for line, imported in _imported(ast.parse(file.read_text()))
        if (room := imported.split(".")[0]) in below
        and below[room] < below[file.relative_to(SRC).parts[0].removesuffix(".py")]
    ]
    assert not upwards


def test_no_module_has_a_name_of_the_standard_library() -> None:
    shadows = {path for path in _files() if path.suffix == ".py" and path.stem in sys.stdlib_module_names}
    assert not shadows


def test_nothing_is_too_long_to_read() -> None:
    for path in _files():
        lines = path.read_text().splitlines()
        assert max(map(len, lines), default=0) <= 300, path
        assert len(lines) <= 400 or path.suffix != ".py", path


def test_every_file_of_tests_says_in_its_first_line_what_it_promises() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        first = path.read_text().partition("\n")[0]
        assert re.match('"""[^"]{20}', first), path


def test_migrations_are_numbered_one_after_the_other() -> None:
    """Two of a number are applied in the order of their names, which nobody meant."""
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "migrations").glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def _files() -> Iterator[Path]:
    for folder in ("src", "cli", "dev", "tests", "docs", "migrations"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in READ_BY_PEOPLE and "__pycache__" not in path.parts:
                yield path
