"""Every state is known wherever states are listed: to the database, the API, the console and the command."""

import re
from enum import StrEnum

import pytest

from api import present
from cli import show
from console import words
from core import states
from core.states import RecipientState
from monitoring import overview
from tests.doubles.d1 import SqliteDatabase

HELD = (
    ("jobs", "kind", states.JobKind),
    ("jobs", "state", states.JobState),
    ("recipients", "state", states.RecipientState),
    ("recipients", "delivery", states.DeliveryState),
    ("recipients", "attachment", states.AttachmentState),
    ("batches", "state", states.BatchState),
    ("certificates", "state", states.CertificateState),
    ("callbacks", "state", states.CallbackState),
    ("dead_letters", "state", states.DeadLetterState),
)


@pytest.mark.parametrize(("table", "column", "enum"), HELD)
def test_the_database_takes_them_and_no_others(table: str, column: str, enum: type[StrEnum]) -> None:
    [schema] = SqliteDatabase().query("SELECT sql FROM sqlite_schema WHERE name = ?", table)
    listed = re.search(rf"CHECK \({column} IN \(([^)]*)\)\)", schema["sql"])
    assert listed
    assert re.findall(r"'(\w+)'", listed[1]) == list(enum)


def test_every_kind_of_state_is_held() -> None:
    defined = {kind for kind in vars(states).values() if isinstance(kind, type) and issubclass(kind, StrEnum)}
    assert defined - {StrEnum} == {enum for _, _, enum in HELD}


def test_a_jobs_people_are_counted_by_each_of_their_states() -> None:
    for table in ("jobs", "batches"):
        assert set(RecipientState) <= {row["name"] for row in SqliteDatabase().query(f"PRAGMA table_info({table})")}
    for trigger in ("batches_inserted", "batches_recounted"):  # carry them from one to the other
        [schema] = SqliteDatabase().query("SELECT sql FROM sqlite_schema WHERE name = ?", trigger)
        assert [state for state in RecipientState if f"{state} = {state} + new.{state}" not in schema["sql"]] == []
    assert set(present._COUNTS) == {"total", *RecipientState}
    assert set(words.STATES) == set(RecipientState)
    assert {state.name for state in show.PEOPLE} == set(RecipientState)
    assert set(overview._PEOPLE) == states.ENDED
