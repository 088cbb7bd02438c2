"""Addresses are compared as SQLite compares them, in every place."""

import re
import sqlite3
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from core.folding import folded
from tests.docs.reading import ROOT

# what Unicode makes a small ASCII letter of, by one of its ways, and what is one of two
LOOKALIKES = [
    character
    for character in map(chr, range(128, 0x11000))
    if any(
        form.isascii() and form.isalpha()
        for form in (character.lower(), character.casefold(), unicodedata.normalize("NFKC", character))
    )
]


def lower(text: str) -> str:
    [[found]] = sqlite3.connect(":memory:").execute("SELECT lower(?)", (text,))
    return str(found)


def test_what_looks_like_a_letter_is_none() -> None:
    assert "\u212a" in LOOKALIKES
    for character in LOOKALIKES:
        assert folded(f"{character}@b.example") == f"{character}@b.example" == lower(f"{character}@b.example")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_it_is_the_databases_own(text: str) -> None:
    assert folded(text) == lower(text)


def test_no_address_is_compared_in_another_way() -> None:
    other = re.compile(r"(?i:e?mail|address)\w*(\(.*\))?[\"'\])]*\.(lower|casefold|upper)\(")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "src").rglob("*.py")
        for line in path.read_text().splitlines()
        if other.search(line)
    ]
    assert found == []
