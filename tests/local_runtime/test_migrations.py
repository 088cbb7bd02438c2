"""A table that a migration builds anew loses nothing on the real D1 either, where it is applied as an operator does."""

import json
import shutil
from pathlib import Path
from typing import Any

from dev.server import ROOT, LocalRuntime
from tests.doubles.d1 import SqliteDatabase
from tests.store.test_migrations import EARLIER, REBUILT, ROWS, referring

SELECTS = [f"SELECT * FROM {table} ORDER BY 1, 2" for table in sorted(referring(SqliteDatabase(EARLIER)))]


def answers(runtime: LocalRuntime, *statements: str) -> list[list[dict[str, Any]]]:
    told = json.loads(runtime.wrangler("d1", "execute", "DB", "--json", "--command", "; ".join(statements)))
    return [answer["results"] for answer in told]


def test_sites_are_built_anew_and_no_row_is_lost(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "migrations").mkdir(parents=True)
    for file in (ROOT / "wrangler.toml", *EARLIER):
        shutil.copy(file, project / file.relative_to(ROOT))
    runtime = LocalRuntime(tmp_path / "state", project=project)
    runtime.migrate()
    runtime.wrangler("d1", "execute", "DB", "--yes", "--file", str(ROWS))
    before = answers(runtime, *SELECTS)
    assert all(before)
    shutil.copy(REBUILT, project / "migrations")
    runtime.migrate()
    *after, violations, [sites] = answers(
        runtime, *SELECTS, "PRAGMA foreign_key_check", "SELECT sql FROM sqlite_schema WHERE name = 'sites'"
    )
    assert after == before
    assert violations == []
    assert "mailgun" not in sites["sql"]
