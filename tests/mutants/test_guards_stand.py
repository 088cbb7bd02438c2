"""The breaks of `make mutants` can be made: each guard still stands where it is said to."""

import pytest

from tests.mutants.__main__ import ROOT
from tests.mutants.guard import Guard
from tests.mutants.guards import GUARDS


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_guard_stands_where_it_is_said_to(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.old) == 1
    assert guard.old != guard.new
    assert all((ROOT / test).exists() for test in guard.tests if test.startswith("tests/"))


def test_every_guard_has_a_name_of_its_own() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)
