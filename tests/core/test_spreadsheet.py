"""No part of a table is a formula, at whichever character a spreadsheet parts it; and what was written comes back."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.csv_answers import _table
from cli import spreadsheet as of_the_command
from core.spreadsheet import guarded, restored

SIGNS = "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
SEPARATORS = ",;\t|: "
UNSEEN = ' \t\r\n"\xa0\u3000\x00\x1f\x7f\x85\xad\u200b\u200e\u2060\ufeff\u115f\ufe0f'
SPOILED = [
    "=1+1",
    "x;=1+1",
    "x\t=HYPERLINK(1)",
    "x|@SUM(A1)",
    "x: -1",
    "Ann =1+1",
    "two\n=1",
    "two\r=1",
    "two\r\n+1",
    'x";"=1',
    'x;""=1',
    "x; \t=1",
    "x;\ufeff=1",
    "\ufeff\u200b =1",
    "\uff1d1+1",
    "x;\uff0b1",
    "\uff0d1",
    "x|\uff20SUM(1)",
    ";=1",
    ";;=1",
    "\t=1",
    "\r\n=1",
]
QUOTED = ["'=1", "x;'=1", "'\tx", "'x", "' - x"]
TEXT = st.text(st.sampled_from("ax1'.*<" + SEPARATORS + UNSEEN + SIGNS), max_size=12) | st.text(max_size=8)


def parts(lines: str) -> list[str]:
    """Of a file, in every way that a spreadsheet may part it: with the quotes' meaning, and without."""
    found: list[str] = []
    for separator in SEPARATORS:
        found += [part for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator) for part in row]
        found += [part for line in lines.replace("\r", "\n").split("\n") for part in line.split(separator)]
    return found


def is_formula(part: str) -> bool:
    """A lone sign computes nothing."""
    bare = part.lstrip(UNSEEN)
    return len(bare.rstrip()) > 1 and bare[0] in SIGNS


@pytest.mark.parametrize("text", SPOILED)
def test_each_of_them_is_a_formula_somewhere_until_it_is_guarded(text: str) -> None:
    assert any(map(is_formula, parts(text)))
    assert not any(map(is_formula, parts(guarded(text))))


@example([["Ann -", "1"], [" =", ""]])
@given(st.lists(st.lists(TEXT.map(lambda text: text.replace("\0", "")), min_size=2, max_size=4), max_size=4))
def test_no_part_is_a_formula_whatever_parts_the_lines(rows: list[list[str]]) -> None:
    written = _table([guarded(cell) for cell in row] for row in [*rows, SPOILED, QUOTED])
    assert [part for part in parts(written) if is_formula(part)] == []


@given(TEXT)
def test_the_text_comes_back_as_it_was(text: str) -> None:
    assert restored(guarded(text)) == text


@pytest.mark.parametrize("text", SPOILED + QUOTED)
def test_what_spoils_a_table_comes_back_as_it_was(text: str) -> None:
    assert restored(guarded(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b@example.org",
        "Ann-Marie O'Neil",
        "Ann - Lee",
        "5.1.1 550 5.1.1 <***@example.org>: unknown",
        "https://school.example/x?a=1;b=2",
        "2026-11-24T15:00:04.000Z",
        "'quoted'",
    ],
)
def test_what_is_no_formula_anywhere_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(TEXT)
def test_the_command_writes_what_the_service_writes(text: str) -> None:
    assert of_the_command.guarded(text) == guarded(text)
