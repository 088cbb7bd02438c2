"""docs/reliability.md says what the suite shows."""

import ast
import re
from pathlib import Path

from tests.docs.reading import read, table

PAGE = read("docs/reliability.md")
TESTS = Path(__file__).resolve().parents[1]


def names_in(*folders: str) -> set[str]:
    trees = [ast.parse(path.read_text()) for folder in folders for path in (TESTS / folder).glob("test_*.py")]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named <= names_in("faults", "local_runtime")


def test_every_row_of_the_matrix_has_its_tests() -> None:
    rows = table(PAGE, "#", "fault", "what is expected", "tests")
    assert [int(row[0]) for row in rows] == list(range(1, 27))
    named = {int(row[0]): set(re.findall(r"`(test_\w+)`", row[3])) for row in rows}
    assert all(named.values())
    for test in names_in("faults"):
        numbered = re.match(r"test_row_(\d+)_", test)
        assert not numbered or test in named[int(numbered[1])], f"{test} is missing in its row"


def test_the_totals_are_of_a_run_and_nothing_was_lost_or_doubled() -> None:
    totals = {row[0]: row[1] for row in table(PAGE, "what", "number")}
    assert totals["**lost**"] == totals["**mailed twice**"] == "0"
    assert int(totals["people"].replace(",", "")) >= 10_000
