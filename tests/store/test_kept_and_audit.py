"""The migration that begins to count what is kept finds what there is, and takes every person out of the trail."""

import json
import sqlite3
from typing import Any

import pytest

from store.audit_details import with_words
from tests.doubles.d1 import ALL, SqliteDatabase
from tests.store.tampering import TAMPERING
from tests.store.test_migrations import ROWS
from tests.worlds.kept import counted, recounted

THIS = next(path for path in ALL if path.name.endswith("_kept_and_audit.sql"))
BEFORE = ALL[: ALL.index(THIS)]
MARK = "zoe"
ADDRESS, NAME = "zoe@people.example", "Zoë zoe"
# by action: what stood there, and what is left
OLD: list[tuple[str, Any, Any]] = [
    ("job.retry", {"state": "failed", "reason": None, "refs": ["zoe-1", "zoe-2"]}, {"reason": None, "refs": 2}),
    ("job.retry", {"refs": None, "reason": "hard_bounce"}, {"refs": None, "reason": "hard_bounce"}),
    ("job.resolve", {"refs": ["zoe-1"], "reason": "because of zoe"}, {"refs": 1, "reason": "unknown"}),
    ("callbacks.replay", {"ids": ["zoe"], "state": "dead", "count": 1}, {"ids": 1, "count": 1}),
    ("certificate.revoke", {"reason": "zoe cheated"}, {"reason": "zoe cheated"}),
    ("certificate.reissue", {"changed": ["name", "zoe", "course"]}, {"changed": ["name", "variables"]}),
    (
        "suppression.release",
        {"reason": "complaint", "force": True, "note": "zoe wrote"},
        {"reason": "complaint", "force": True, "note": "zoe wrote"},
    ),
    (
        "site.change",
        {
            "before": {"senders": "", "sender_email": None, "sender_name": "", "name": "School"},
            "after": {"senders": f"school.example {ADDRESS} *.x.example", "sender_email": ADDRESS, "sender_name": NAME},
        },
        {
            "before": {"senders": "", "sender_email": None, "sender_name": "", "name": "School"},
            "after": {
                "senders": "school.example @people.example *.x.example",
                "sender_email": "@people.example",
                "sender_name": "set",
            },
        },
    ),
    (
        "company.delete",
        {"before": {"reply_to": '"zoe@x"@people.example', "reply_to_name": NAME, "colour": "#000000"}, "after": None},
        {"before": {"reply_to": "@people.example", "reply_to_name": "set", "colour": "#000000"}, "after": None},
    ),
    (
        "site.create",
        {"before": None, "after": {"sender_email": ADDRESS}},
        {"after": {"sender_email": "@people.example"}},
    ),
    ("job.start", None, None),
]


@pytest.fixture
def migrated() -> SqliteDatabase:
    database = SqliteDatabase(BEFORE[:14])
    database.connection.executescript(ROWS.read_text())
    database.migrate(BEFORE[14:])
    for table in ("jobs", "assets", "suppressions"):
        database.query(f"UPDATE {table} SET company = 'north'")
    [certificate] = database.query("SELECT code, site_id FROM certificates LIMIT 1")
    database.query("UPDATE certificates SET reason = 'zoe cheated' WHERE code = ?", certificate["code"])
    for at, (action, detail, _) in enumerate(OLD, 1000):
        database.query(
            "INSERT INTO audit (at, site_id, actor, role, action, target, detail) VALUES (?, ?, 'x', 'site', ?, ?, ?)",
            *(at, certificate["site_id"], action, certificate["code"], detail and json.dumps(detail)),
        )
    database.migrate([THIS])
    return database


def test_what_there_is_already_is_counted(migrated: SqliteDatabase) -> None:
    found = counted(migrated.query)
    assert found == recounted(migrated.query)
    assert {company for _, company in found} == {"", "north"}
    assert all(sum(counts[kind] for counts in found.values()) for kind in ("people", "bytes", "assets"))
    migrated.query("DELETE FROM suppressions")
    migrated.query("DELETE FROM assets")
    migrated.query("DELETE FROM job_contents")
    assert counted(migrated.query) == recounted(migrated.query)


def test_no_person_is_left_in_the_trail_and_what_is_shown_of_it_stays(migrated: SqliteDatabase) -> None:
    rows = migrated.query(f"SELECT {with_words('detail')} AS shown, * FROM audit a WHERE at >= 1000 ORDER BY at")
    for row, (action, old, left) in zip(rows, OLD, strict=True):
        assert MARK not in json.dumps({**row, "shown": ""}, ensure_ascii=False).lower(), action
        shown = row["shown"] and json.loads(row["shown"])
        assert shown == left or shown == old | left, action


@pytest.mark.parametrize("statement", TAMPERING)
def test_the_trail_is_append_only_again(migrated: SqliteDatabase, statement: str) -> None:
    before = migrated.query("SELECT * FROM audit")
    first, second = [row["id"] for row in before][:2]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        migrated.query(
            statement.replace("(1, 2,", f"({first}, 2,")
            .replace("id = 1", f"id = {first}")
            .replace("id = 2", f"id = {second}")
        )
    assert migrated.query("SELECT * FROM audit") == before
