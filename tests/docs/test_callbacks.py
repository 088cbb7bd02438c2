"""The page of callbacks is that of the code: types, schedule, probes and limits."""

import inspect
import re
from typing import Any

import callback
from callback import EventType
from callbacks import posting
from core.scope import Scope
from runtime.ports import Statement
from store import events
from tests.docs.reading import name, names, read, table

CALLBACKS = read("docs/callbacks.md")


def written() -> set[str]:
    """The types of events that some statement writes."""
    arguments: dict[str, Any] = {"str": "job_", "int": 0, "str | None": None, "Scope": Scope("site_")}
    found = set()
    for function in vars(events).values():
        if inspect.isfunction(function) and not function.__name__.startswith("_"):
            parameters = inspect.signature(function).parameters.values()
            statement = function(*(arguments[str(getattr(p.annotation, "__name__", p.annotation))] for p in parameters))
            assert isinstance(statement, Statement)
            if "INSERT INTO callbacks" in statement.sql:
                found |= {*EventType} & set(re.findall(r"'([\w.]+)'", statement.sql))
    return found


def test_every_type_of_event_is_documented_and_whether_it_is_sent() -> None:
    rows = table(CALLBACKS, "type", "tells", "sent")
    assert set(names(rows)) == set(EventType)
    assert {name(type_) for type_, _, sent in rows if sent == "yes"} == written()


UNITS = {"s": 1, "min": 60, "h": 3600}


def seconds(written: str) -> float:
    number, unit = written.split()
    return float(number) * UNITS[unit]


def test_the_schedule_is_that_of_the_code() -> None:
    rows = table(CALLBACKS, "attempt", "after the one before")
    assert rows[0] == ["1", "at once"]
    assert tuple(seconds(wait) for _, wait in rows[1:]) == callback.SCHEDULE
    for words in (f"within {posting.TIMEOUT} seconds", f"{posting.LONGEST_ANSWER:,} bytes"):
        assert words in CALLBACKS
    assert f"varies by {callback.JITTER:.0%}".replace("%", " %") in CALLBACKS


def test_the_waits_for_a_receiver_that_is_away_are_those_of_the_code() -> None:
    first, second, always = callback.PROBES
    assert f"after {first}, {second} and then every {always} seconds" in CALLBACKS
    assert f"{callback.AWAY / 3_600_000:.1f}" == "17.6"
    assert CALLBACKS.count("17 and a half hours") == 2
