"""What migrations do to the rows that there are: one that builds a table anew loses none of them, nor of the schema."""

import re
import sqlite3
from pathlib import Path

import pytest

from runtime.ports import Row
from tests.doubles.d1 import ALL, SqliteDatabase

REBUILT = next(path for path in ALL if path.name == "0015_providers.sql")
EARLIER = ALL[: ALL.index(REBUILT)]
ROWS = Path(__file__).parent / "rows_before_0015.sql"
CHECK = " CHECK (provider IN ('sandbox', 'cloudflare', 'ses', 'sendgrid', 'mailgun', 'resend'))"


def filled() -> SqliteDatabase:
    database = SqliteDatabase(EARLIER)
    database.connection.executescript(ROWS.read_text())
    return database


def schema(database: SqliteDatabase) -> dict[str, str]:
    """By name: every table, index and trigger, without comments and line breaks."""
    found = database.query("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    bare = {row["name"]: re.sub(r"--[^\n]*", "", row["sql"]) for row in found}
    return {name: re.sub(r"\s*([,()])\s*", r"\1", " ".join(sql.split())) for name, sql in bare.items()}


def rows(database: SqliteDatabase) -> dict[str, list[Row]]:
    tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {table["name"]: database.query(f'SELECT * FROM "{table["name"]}" ORDER BY 1, 2') for table in tables}


def referring(database: SqliteDatabase, to: str = "sites") -> set[str]:
    """The tables that refer to one, straight or through others."""
    found = database.query(
        "WITH RECURSIVE r (name) AS (VALUES (?1) UNION SELECT t.name FROM r, sqlite_schema t,"
        " pragma_foreign_key_list(t.name) k WHERE t.type = 'table' AND k.\"table\" = r.name) SELECT name FROM r",
        to,
    )
    return {row["name"] for row in found}


def test_every_row_is_still_there() -> None:
    database = filled()
    before = rows(database)
    assert {table for table in referring(database) if not before[table]} == set()
    database.migrate([REBUILT])
    assert rows(database) == before


def test_nothing_of_the_schema_changes_but_the_list_of_providers() -> None:
    database = filled()
    before = schema(database)
    columns = database.query("SELECT * FROM pragma_table_xinfo('sites')")
    database.migrate([REBUILT])
    squeezed = re.sub(r"\s*([,()])\s*", r"\1", CHECK)
    assert squeezed in before["sites"]
    assert schema(database) == before | {"sites": before["sites"].replace(squeezed, "")}
    assert database.query("SELECT * FROM pragma_table_xinfo('sites')") == columns


def test_references_hold_and_a_new_site_gets_its_key() -> None:
    database = filled()
    database.migrate([REBUILT])
    assert database.query("PRAGMA foreign_key_check") == []
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        database.connection.execute("DELETE FROM sites WHERE id = 'site_full'")
    database.connection.execute(
        "INSERT INTO sites (id, name, provider, callback_secret, created_at) VALUES ('new', '', 'pigeon', '', 1)"
    )
    assert re.fullmatch(
        "[0-9a-f]{64}", database.query("SELECT address_key FROM sites WHERE id = 'new'")[0]["address_key"]
    )


def test_a_site_that_went_missing_undoes_the_migration(tmp_path: Path) -> None:
    database = filled()
    before, was = rows(database), schema(database)
    broken = tmp_path / "broken.sql"
    broken.write_text(REBUILT.read_text().replace("FROM sites_before;", "FROM sites_before WHERE id <> 'site_full';"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        database.migrate([broken])
    assert (rows(database), schema(database)) == (before, was)


def test_events_under_way_keep_their_place_in_the_schedule() -> None:
    migration = next(path for path in ALL if path.name.endswith("_receivers.sql"))
    database = SqliteDatabase(ALL[: ALL.index(migration)])
    database.connection.executescript(
        """
        INSERT INTO sites (id, name, provider, callback_secret, created_at) VALUES ('site_1', '', 'sandbox', '', 1);
        INSERT INTO jobs (id, site_id, kind, name, state, batch_size, created_at)
          VALUES ('job_1', 'site_1', 'email', '', 'running', 200, 1);
        INSERT INTO callbacks (id, site_id, job_id, sequence, type, data, created_at, state, attempts, due_at)
          VALUES ('new', 'site_1', 'job_1', 1, 'job.started', '{}', 1, 'pending', 0, 1),
                 ('tried', 'site_1', 'job_1', 2, 'job.started', '{}', 1, 'pending', 3, 7),
                 ('dead', 'site_1', 'job_1', 3, 'job.started', '{}', 1, 'dead', 8, NULL);
        """
    )
    database.migrate([migration])
    refusals = {row["id"]: row["refusals"] for row in database.query("SELECT id, refusals FROM callbacks")}
    assert refusals == {"new": 0, "tried": 3, "dead": 0}
