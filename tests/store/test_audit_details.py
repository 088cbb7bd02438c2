"""What a row of the audit trail may hold is on one list: nothing else is written, and nothing writes beside it."""

import json
from typing import Any

import pytest

from runtime.ports import Statement
from store import audit, companies, sites
from store.audit import Entry
from store.audit_details import DETAILS, Kind
from tests.docs.reading import ROOT
from tests.doubles.d1 import SqliteDatabase

ADDRESS = "zoe@people.example"


def entry(action: str, detail: Any) -> Entry:
    return Entry(1, "operator", "operator", action, "target", detail=detail)


async def written(statement: Statement) -> Any:
    database = SqliteDatabase()
    await database.all(statement)
    [row] = database.query("SELECT detail FROM audit")
    return row["detail"] and json.loads(row["detail"])


@pytest.mark.parametrize(
    ("action", "detail"),
    [
        ("job.start", {"note": "x"}),
        ("job.retry", {"refs": 3}),
        ("job.retry", {"state": ADDRESS}),
        ("job.retry", {"positions": ["zoe"]}),
        ("callbacks.replay", {"since": "yesterday"}),
        ("certificate.revoke", {"reason": "x"}),
        ("suppression.release", {"note": "x"}),
        ("privacy.erase", {"email": ADDRESS}),
        ("privacy.erase", {"ref": "4711"}),
        ("site.change", {"after": {"secret": "x"}}),
        ("site.change", {"after": {"name": ["x"]}}),
        ("token.create", {"after": {"read_only": "x"}}),
        ("job.other", {}),
    ],
)
def test_what_is_not_on_the_list_is_an_error(action: str, detail: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        audit.insert(entry(action, detail))


async def test_what_names_a_person_is_written_as_what_names_none() -> None:
    settings = {
        "senders": f"school.example {ADDRESS} *.school.example",
        "sender_email": ADDRESS,
        "sender_name": "Zoë",
    }
    told = await written(audit.insert(entry("site.create", {"before": None, "after": settings})))
    assert told["after"] == {
        "senders": "school.example @people.example *.school.example",
        "sender_email": "@people.example",
        "sender_name": "set",
    }
    selected = {"state": "failed", "reason": None, "refs": ["zoe", "li"], "positions": [1, 2]}
    assert await written(audit.insert(entry("job.retry", selected))) == selected | {"refs": 2}


@pytest.mark.parametrize("address", [ADDRESS, '"zoe@x"@people.example', None])
async def test_the_database_writes_what_was_before_as_we_write_what_is_after(address: str | None) -> None:
    database = SqliteDatabase()
    columns = {"senders": f"a.example {address or ''}".strip(), "sender_email": address, "sender_name": "Zoë"}
    database.query(
        """INSERT INTO sites (id, name, provider, callback_secret, created_at, senders, sender_email, sender_name)
           VALUES ('s', 'School', 'sandbox', '', 1, ?, ?, ?)""",
        *columns.values(),
    )
    database.query(
        """INSERT INTO companies (site_id, company, sender_email, sender_name, reply_to, reply_to_name)
           VALUES ('s', 'c', ?1, 'Zoë', ?1, '')""",
        address,
    )
    own = {"sender_email": address, "sender_name": "Zoë", "reply_to": address, "reply_to_name": ""}
    for statement in (
        audit.insert_site_change(entry("site.change", columns)._replace(site_id="s")),
        companies.note_put(entry("company.change", None), "s", "c", own),
    ):
        await database.all(statement)
    for row in database.query("SELECT detail FROM audit"):
        detail = json.loads(row["detail"])
        assert detail["before"] == detail["after"]
        assert "zoe" not in row["detail"].lower()


def test_every_setting_is_on_the_list() -> None:
    assert DETAILS["site.change"]["before"].keys() == {*sites.SETTABLE, "disabled"}  # type: ignore[union-attr]
    assert DETAILS["company.change"]["before"].keys() == {*companies.SETTABLE}  # type: ignore[union-attr]


def test_nothing_writes_to_the_trail_beside_the_list() -> None:
    writing = {path.name for path in (ROOT / "src").rglob("*.py") if "INTO audit" in path.read_text()}
    assert writing == {"audit.py"}
    assert all(isinstance(kind, Kind | dict) for fields in DETAILS.values() for kind in fields.values())


async def test_a_reason_that_nobody_of_the_job_has_is_not_written() -> None:
    """It may be anybody's word."""
    database = SqliteDatabase()
    database.connection.executescript(
        """INSERT INTO sites (id, name, provider, callback_secret, created_at) VALUES ('s', '', 'sandbox', '', 1);
           INSERT INTO jobs (id, site_id, kind, name, state, batch_size, created_at)
           VALUES ('j', 's', 'email', '', 'completed', 200, 1);
           INSERT INTO recipients (job_id, position, ref, email, name, variables, state, reason, updated_at)
           VALUES ('j', 0, 'r', 'e', '', '{}', 'failed', 'hard_bounce', 1);"""
    )
    for detail in ({"reason": "hard_bounce"}, {"reason": "zoe_4711"}, {"reason": None}, {}, None):
        noted = entry("job.retry", detail)._replace(site_id="s", target="j")
        await database.all(audit.insert_for_job(noted, ("completed",)))
    told = [row["detail"] and json.loads(row["detail"]) for row in database.query("SELECT detail FROM audit")]
    assert told == [{"reason": "hard_bounce"}, {"reason": "unknown"}, {"reason": None}, {}, None]
