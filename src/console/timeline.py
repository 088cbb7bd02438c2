"""What happened to a job, in its order: its own times, its events, and what people did with it.

The promise: it is told from a bounded number of rows, and who did what is named as the audit trail has it.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from console import words
from console.reasons import JOBS, of_person
from runtime.ports import Row

MOST = 200  # rows of the audit trail, and of the events, that are looked at

_DONE = {
    "job.create": "Created",
    "job.start": "Started",
    "job.pause": "Paused",
    "job.resume": "Resumed",
    "job.cancel": "Cancelled",
    "job.handback": "Handed back to Moodle",
}


class Moment(NamedTuple):
    """`by`: who did it; '' where it came about by itself. `ahead`: it has still to come."""

    at: int
    what: str
    about: str = ""
    by: str = ""
    ahead: bool = False


def of(job: Row, events: Sequence[Row], audit: Sequence[Row]) -> list[Moment]:
    """The latest first; `events` and `audit` come that way."""
    done = [row for row in reversed(audit) if row["action"] != "job.append"]
    moments = [
        *_begun(job, done),
        *_appended(audit),
        *map(_act, done),
        *map(_event, _telling(reversed(events))),
        *_end(job, events),
    ]
    return sorted(moments, key=lambda moment: moment.at)[::-1]  # of the same time, what stands later came later


def _begun(job: Row, done: Sequence[Row]) -> Iterable[Moment]:
    """What the job's row tells of itself, unless somebody's act tells it better."""
    if not any(row["action"] == "job.create" for row in done):
        yield Moment(job["created_at"], "Created")
    if job["started_at"]:
        yield Moment(job["started_at"], "First people taken up")


def _end(job: Row, events: Sequence[Row]) -> Iterable[Moment]:
    """The same of its end, and of what is still to come."""
    if job["state"] in ("draft", "scheduled") and job["send_at"]:
        yield Moment(job["send_at"], "To be sent", ahead=True)
    if job["state"] == "paused" and job["resume_at"]:
        yield Moment(job["resume_at"], "Goes on by itself", ahead=True)
    if job["ended_at"] and not any(event["type"] == "job.completed" for event in events):
        yield Moment(job["ended_at"], "Everybody has ended")


def _telling(events: Iterable[Row]) -> Iterable[Row]:
    """Without the pauses that somebody asked for: the audit trail knows who."""
    return (row for row in events if (row["type"], row["reason"]) != ("job.paused", "requested"))


def _event(row: Row) -> Moment:
    if row["type"] == "job.paused":
        meaning = JOBS.get(row["reason"], (words.spaced(row["reason"] or ""), ""))[0]
        detail = f" {words.sentence(row['detail'])}" if row["detail"] else ""
        return Moment(row["created_at"], "Paused by itself", meaning + detail)
    counts = json.loads(row["counts"])
    told = ", ".join(f"{counts[state]:,} {state}" for state in words.STATES if counts.get(state))
    return Moment(row["created_at"], "Everybody has ended", told)


def _appended(audit: Sequence[Row]) -> Iterable[Moment]:
    """A job's people come in many calls: told as one."""
    calls = [row for row in audit if row["action"] == "job.append"]
    if calls:
        count = sum(_detail(row).get("people", 0) for row in calls)
        told = f"{words.people(count)} in {len(calls)} call{'s' * (len(calls) > 1)}"
        yield Moment(calls[0]["at"], "People added", told, _actor(calls[0]))


def _act(row: Row) -> Moment:
    action, detail = row["action"], _detail(row)
    if action in _DONE:
        what = _DONE[action] + " by itself" * (row["role"] == "system")
        return Moment(row["at"], what, "", _actor(row))
    what = {"job.retry": "Tried again", "job.resolve": "Said to have been sent"}.get(action, words.spaced(action))
    return Moment(row["at"], what, _chosen(detail, "failed" if action == "job.retry" else "uncertain"), _actor(row))


def _chosen(detail: Row, state: str) -> str:
    """Whom somebody chose."""
    chosen = detail.get("positions") or detail.get("refs")
    who = f"{words.people(len(chosen))} of those" if chosen else "those"
    reason = f": {of_person(detail['reason'])}" if detail.get("reason") else ""
    return f"{who} who were {detail.get('state', state)}{reason}"


def _detail(row: Row) -> Row:
    return json.loads(row["detail"]) if row["detail"] else {}


def _actor(row: Row) -> str:
    if row["role"] == "system":
        return ""
    role = words.ROLES.get(row["role"] or "", "")
    return f"{role} {row['actor']}" if role and row["actor"] != row["role"] else role or row["actor"]
