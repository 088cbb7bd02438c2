"""What can be done with a job: what cannot be taken back, or touches many people, is asked first, with how many.

The promise: each does what the API's does, in its transaction, and says how many people it was.
"""

import json
from collections.abc import Sequence

from starlette.responses import Response

from console.frame import confirm
from console.jobs import find
from console.reasons import of_person
from console.routing import Page
from console.visit import Visit
from console.words import moment, number, people
from core.errors import WrongState
from core.problems import invalid
from core.states import JobState, RecipientState
from jobs import actions as jobs
from jobs.actions import Selection
from runtime.ports import Row
from store import people_lists

MOST_CHOSEN = 1_000
_TWICE = (
    "A mail may have reached them already: nobody knows. Whoever is tried again may get it a second time. "
    "Where you can find out that it left, say that it was sent instead."
)


async def ask_start(visit: Visit) -> Response:
    visit, job = await find(visit)
    if job["state"] != JobState.DRAFT:
        raise WrongState("start", job["state"])
    later = job["send_at"] is not None and job["send_at"] > visit.now
    when = f"from {moment(job['send_at'])} on" if later else "as soon as you start it"
    lines = [f"{people(job['total'])} will be mailed, {when}.", "Nobody can be added any more."]
    return confirm(visit, f"Start {_name(job)}?", lines, "Start", _at(job))


async def start(visit: Visit) -> Response:
    visit, job = await find(visit)
    job = await jobs.start(visit.services, visit.scope, job["id"], visit.note("job.start"))
    told = "It waits for its time" if job["state"] == JobState.SCHEDULED else "It is started"
    return visit.done(f"{told}: {people(job['total'])}.", _at(job))


async def pause(visit: Visit) -> Response:
    visit, job = await find(visit)
    job = await jobs.pause(visit.services, visit.scope, job["id"], visit.note("job.pause"))
    return visit.done(f"Paused. {people(job['pending'])} wait.", _at(job))


async def resume(visit: Visit) -> Response:
    visit, job = await find(visit)
    job = await jobs.resume(visit.services, visit.scope, job["id"], visit.note("job.resume"))
    return visit.done(f"Resumed. {people(job['pending'])} are still to be mailed.", _at(job))


async def ask_cancel(visit: Visit) -> Response:
    visit, job = await find(visit)
    lines = [f"{people(job['pending'])} will not be mailed.", *_in_flight(job), "This cannot be taken back."]
    return confirm(visit, f"Cancel {_name(job)}?", lines, "Cancel the job", _at(job), danger=True)


async def cancel(visit: Visit) -> Response:
    visit, job = await find(visit)
    job = await jobs.cancel(visit.services, visit.scope, job["id"], visit.note("job.cancel"))
    return visit.done(f"Cancelled. {people(job['cancelled'])} are not mailed.", _at(job))


async def ask_hand_back(visit: Visit) -> Response:
    visit, job = await find(visit)
    lines = [
        f"{people(job['pending'])} will not be mailed by this service any more. Moodle must mail them itself: "
        "their list is on the job's page afterwards, and Moodle's plugin reads it there too.",
        *_in_flight(job),
        "This cannot be taken back.",
    ]
    return confirm(visit, f"Hand {_name(job)} back to Moodle?", lines, "Hand back", _at(job), danger=True)


async def hand_back(visit: Visit) -> Response:
    visit, job = await find(visit)
    job, count = await jobs.hand_back(visit.services, visit.scope, job["id"], visit.note("job.handback"))
    return visit.done(f"{people(count)} handed back. Moodle must mail them: see their list below.", _at(job))


async def ask_retry(visit: Visit) -> Response:
    visit, job = await find(visit)
    return await question(visit, job, "retry", *_asked(visit))


async def retry(visit: Visit) -> Response:
    visit, job = await find(visit)
    state, reason, positions = _posted(visit)
    selection = await _selection(visit, job, state, reason, positions)
    note = visit.note("job.retry", **_noted(state, reason, positions))
    count, job = await jobs.retry(visit.services, visit.scope, job["id"], selection, note)
    waits = " once the job is resumed" if job["state"] == JobState.PAUSED else ""
    return visit.done(f"{people(count)} will be tried again{waits}.", _at(job))


async def ask_resolve(visit: Visit) -> Response:
    visit, job = await find(visit)
    _, reason, positions = _asked(visit)
    return await question(visit, job, "resolve", RecipientState.UNCERTAIN, reason, positions)


async def resolve(visit: Visit) -> Response:
    visit, job = await find(visit)
    _, reason, positions = _posted(visit)
    selection = await _selection(visit, job, RecipientState.UNCERTAIN, reason, positions)
    note = visit.note("job.resolve", **_noted(RecipientState.UNCERTAIN, reason, positions))
    count, job = await jobs.resolve(visit.services, visit.scope, job["id"], selection, note)
    return visit.done(f"{people(count)} count as sent now.", _at(job))


async def choose(visit: Visit) -> Response:
    """What shall be done with the people who were chosen in a list: asks before it is."""
    visit, job = await find(visit)
    positions = _positions(visit.fields.get("position", ()))
    if not positions:
        raise invalid("Choose", "choose at least one person")
    act, _, state = visit.field("act").partition("-")
    return await question(visit, job, "resolve" if act == "resolve" else "retry", _state(state), None, positions)


async def question(
    visit: Visit, job: Row, act: str, state: RecipientState, reason: str | None, positions: Sequence[int] | None
) -> Response:
    """Whether to `retry` or `resolve` those in this state, with how many they are."""
    selection = await _selection(visit, job, state, reason, positions)
    run = jobs.retry if act == "retry" else jobs.resolve
    count, _ = await run(visit.services, visit.scope, job["id"], selection, dry_run=True)
    if not count:
        of = "any more" if positions is None else "among those you chose"
        return visit.done(f"Nobody {of} is {state} and could be chosen for that.", _at(job))
    why = f" because {of_person(reason)}" if reason else ""
    fields = [("state", state.value), ("reason", reason or ""), *(("position", str(at)) for at in positions or ())]
    if act == "resolve":
        title, button = f"Say that {people(count)} were mailed?", f"Yes, {number(count)} were mailed"
        lines = [
            f"{people(count)} whose mail is uncertain{why} will count as sent, and Moodle is told so.",
            "They cannot be tried again after that.",
        ]
    else:
        title, button = f"Try {people(count)} again?", f"Try {number(count)} again"
        lines = [f"{people(count)} who are {state}{why} will be mailed again.", *_around(job, state)]
    danger = state is RecipientState.UNCERTAIN and act == "retry"
    return confirm(visit, title, lines, button, _at(job), fields, danger=danger, path=f"{_at(job)}/{act}")


def _around(job: Row, state: RecipientState) -> list[str]:
    """What else whoever retries has to know."""
    lines = [_TWICE] if state is RecipientState.UNCERTAIN else []
    if job["state"] == JobState.PAUSED:
        lines.append("The job is paused: they wait until it is resumed.")
    if job["state"] == JobState.COMPLETED:
        lines.append("The job is complete, and runs again for them.")
    return lines


def _in_flight(job: Row) -> list[str]:
    if not job["sending"]:
        return []
    return [f"{people(job['sending'])} are being sent to right now, and end as usual."]


async def _selection(
    visit: Visit, job: Row, state: RecipientState, reason: str | None, positions: Sequence[int] | None
) -> Selection:
    if positions is None:
        return Selection(state.value, reason)
    statement = people_lists.refs_at(visit.scope, job["id"], json.dumps(list(positions)))
    rows = await visit.services.database.all(statement)
    return Selection(state.value, reason, tuple(row["ref"] for row in rows))


def _asked(visit: Visit) -> tuple[RecipientState, str | None, list[int] | None]:
    """Whom the address names: all in a state, of a reason, or the one at a position."""
    given = visit.request.query_params.getlist("position")
    return _state(visit.query("state")), visit.query("reason") or None, _positions(given) if given else None


def _posted(visit: Visit) -> tuple[RecipientState, str | None, list[int] | None]:
    given = visit.fields.get("position")
    return _state(visit.field("state")), visit.field("reason") or None, _positions(given) if given else None


def _state(given: str) -> RecipientState:
    state = given or RecipientState.FAILED
    if state not in (RecipientState.FAILED, RecipientState.UNCERTAIN):
        raise invalid("state", "must be failed or uncertain")
    return RecipientState(state)


def _positions(given: Sequence[str]) -> list[int]:
    if len(given) > MOST_CHOSEN:
        raise invalid("position", f"may name {MOST_CHOSEN:,} people at most")
    if not all(at.isascii() and at.isdigit() and len(at) < 10 for at in given):
        raise invalid("position", "must be a whole number")
    return [int(at) for at in given]


def _noted(state: RecipientState, reason: str | None, positions: Sequence[int] | None) -> Row:
    """For the audit trail: places in the job, never a person's reference."""
    given = {"state": state.value, "reason": reason, "positions": positions and list(positions)}
    return {name: value for name, value in given.items() if value is not None}


def _at(job: Row) -> str:
    return f"/console/jobs/{job['id']}"


def _name(job: Row) -> str:
    return job["name"] or "this job"


_JOB = "/console/jobs/{job}"

PAGES = (
    Page("GET", f"{_JOB}/start", "change", ask_start, "Ask before a draft is started, with how many are mailed"),
    Page("POST", f"{_JOB}/start", "change", start, "Start a draft"),
    Page("POST", f"{_JOB}/pause", "change", pause, "Pause a job"),
    Page("POST", f"{_JOB}/resume", "change", resume, "Resume a job"),
    Page("GET", f"{_JOB}/cancel", "change", ask_cancel, "Ask before a job is cancelled"),
    Page("POST", f"{_JOB}/cancel", "change", cancel, "Cancel a job"),
    Page("GET", f"{_JOB}/hand-back", "change", ask_hand_back, "Ask before a job is handed back to Moodle"),
    Page("POST", f"{_JOB}/hand-back", "change", hand_back, "Hand a job back to Moodle"),
    Page("GET", f"{_JOB}/retry", "change", ask_retry, "Ask before people are tried again: all, a group, one"),
    Page("POST", f"{_JOB}/retry", "change", retry, "Try people again"),
    Page("GET", f"{_JOB}/resolve", "change", ask_resolve, "Ask before uncertain people count as sent"),
    Page("POST", f"{_JOB}/resolve", "change", resolve, "Say that uncertain people were mailed"),
    Page("POST", f"{_JOB}/people/choose", "change", choose, "Retry or resolve the people chosen in a list"),
)
