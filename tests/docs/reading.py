"""Reading the documentation: its tables, code blocks, headings and links."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    text: str


def sources(folder: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python module below a folder, by name, parsed."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path.stem, ast.parse(path.read_text())


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """From a heading of any level to the next one of its level or above."""
    lines = text.splitlines(keepends=True)
    start = next(place for place, line in enumerate(lines) if re.fullmatch(rf"#+ {re.escape(heading)}\n", line))
    level = len(lines[start]) - len(lines[start].lstrip("#"))
    rest = lines[start + 1 :]
    end = next((place for place, line in enumerate(rest) if re.match(rf"#{{1,{level}}} ", line)), len(rest))
    return "".join(rest[:end])


def table(text: str, *header: str) -> list[list[str]]:
    """The rows of the one table with this header. A line whose first cell is empty goes on with the row above it."""
    pattern = r"^\| *" + r" *\| *".join(map(re.escape, header)) + r" *\|\n\|[-|]+\|\n((?:\|.*\|\n)+)"
    found = re.findall(pattern, text, re.MULTILINE)
    assert len(found) == 1, f"{len(found)} tables with the header {header}"
    rows: list[list[str]] = []
    for line in found[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == len(header)
        if cells[0]:
            rows.append(cells)
        else:
            rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
    return rows


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def name(cell: str) -> str:
    """A cell that is one name in backticks."""
    [found] = code(cell)
    assert cell == f"`{found}`", f"{cell} is not one name"
    return str(found)


def names(rows: list[list[str]]) -> list[str]:
    """The first column."""
    return [name(row[0]) for row in rows]


def blocks(text: str, language: str | None = None) -> list[Block]:
    found = [Block(*match) for match in _FENCE.findall(text)]
    return [block for block in found if language in (None, block.language)]


def prose(text: str) -> str:
    """Without the fenced blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """The names that links may use for headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str, program: str) -> list[list[str]]:
    """Every call of a program in shell blocks and in inline code, as its words; comments and pipes end it."""
    shell = "\n".join(block.text for block in blocks(text, "bash")).replace("\\\n", " ")
    lines = [*shell.splitlines(), *code(prose(text))]
    called = [re.split(rf"(?:^|\| |npx ){program} ", line, maxsplit=1)[1:] for line in lines]
    return [re.split(r" #| \||\n", rest[0])[0].split() for rest in called if rest]
