"""Nothing changes the audit trail on D1 itself, whose own settings decide which triggers fire."""

import pytest

from tests.local_runtime.conftest import Probe
from tests.store.tampering import TAMPERING


def test_no_statement_changes_or_deletes_an_entry(probe: Probe) -> None:
    insert = "INSERT INTO audit (at, actor, role, action, target) VALUES (1, 'probe', 'system', 'kept', ?1)"
    probe("sql", [[insert, ["a"]], [insert, ["b"]]])
    [before] = probe("sql", [["SELECT * FROM audit ORDER BY id", []]])
    assert {1, 2} <= {row["id"] for row in before}
    for statement in TAMPERING:
        with pytest.raises(AssertionError):
            probe("sql", [[statement, []]])
    [after] = probe("sql", [["SELECT * FROM audit ORDER BY id", []]])
    assert after == before
