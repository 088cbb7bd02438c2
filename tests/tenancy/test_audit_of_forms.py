"""Whatever the console changes leaves a row in the audit trail, in the change's own transaction: by every form."""

import pytest

from tests.tenancy.forms import FORMS, UNAUDITED, changing, send
from tests.tenancy.test_audit_of_routes import ROLES, first_change, is_note
from tests.worlds.town import Town

# Worth a row, though the database holds nothing else of it.
CHANGES_NOTHING = {"/console/privacy/export"}


def test_every_form_that_may_change_something_is_tried_or_says_why_not() -> None:
    assert changing() == FORMS.keys() | UNAUDITED.keys()
    assert not FORMS.keys() & UNAUDITED.keys()


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_leaves_a_row_in_its_own_transaction(town: Town, path: str) -> None:
    fresh = town.deployment()
    [before] = fresh.database.query("SELECT ifnull(max(id), 0) AS id FROM audit")
    await send(town, fresh, path)
    rows = fresh.database.query("SELECT * FROM audit WHERE id > ? AND action NOT LIKE 'job.create'", before["id"])
    first = first_change(fresh.database)
    assert any(is_note(statement) for statement in first), f"the change itself leaves none: {first}"
    assert any(not is_note(statement) for statement in first) or path in CHANGES_NOTHING
    role = "company" if path == "/console/sign-in" else ROLES[FORMS[path].caller]
    assert rows[-1]["role"] == role
    assert rows[-1]["target"]
    assert rows[-1]["actor"]
