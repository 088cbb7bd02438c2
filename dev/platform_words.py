"""Part of `make check`: what the core says, it says without the platform's words.

Looks at the string literals of src/, docstrings included, and at the whole of its other texts: pages, styles, tables.
Comments of Python may name a source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from dev.server import ROOT

WORDS = re.compile(r"\b(?:(?i:cf-|wrangler\b)|(?:D1|R2|Cloudflare)\b)")

# What is about the platform, or about a product of the same house that people choose by its name
ABOUT = {
    "runtime/cloudflare.py": "the adapter",
    "runtime/words.py": "what it makes of the platform's words",
    "runtime/settings.py": "the settings of Cloudflare's products, by their names",
    "providers/cloudflare.py": "the mail provider Cloudflare Email Service",
    "delivery_events/cloudflare.py": "what it tells of mails",
    "tenancy/access.py": "Cloudflare Access, whose tokens it proves",
    "console/*users.*": "the page about who comes through Cloudflare Access",
    "monitoring/costs.py": "the platform's price list, in the words of its bill",
}


def main() -> int:
    findings = found(ROOT / "src", ABOUT)
    for finding in findings:
        print(finding)
    return int(bool(findings))


def found(folder: Path, about: Mapping[str, str]) -> list[str]:
    """Every word where none belongs, and every entry of `about` that there is no need for."""
    findings, needed = [], set()
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        words = list(_words(path)) if path.is_file() and "__pycache__" not in path.parts else []
        patterns = {pattern for pattern in about if words and fnmatchcase(place, pattern)}
        needed |= patterns
        findings += [f"{folder.name}/{place}:{line}: '{word}'" for line, word in words if not patterns]
    unneeded = sorted(about.keys() - needed)
    return findings + [f"nothing in {pattern} needs its entry in dev/platform_words.py" for pattern in unneeded]


def _words(path: Path) -> Iterator[tuple[int, str]]:
    """Line and word."""
    for first_line, text in _texts(path):
        for word in WORDS.finditer(text):
            yield first_line + text.count("\n", 0, word.start()), word[0]


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """What a file says, each with the line that it begins on."""
    try:
        content = path.read_text()
    except UnicodeDecodeError:  # a face
        return
    if path.suffix != ".py":
        yield 1, content
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.lineno, node.value if isinstance(node.value, str) else node.value.decode("latin-1")


if __name__ == "__main__":
    raise SystemExit(main())
