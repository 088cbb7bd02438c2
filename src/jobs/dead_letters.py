"""What can be done with dead letters: choose, redrive, discard.

The promise: a redrive is one transaction that revives the people whose batch died before anything was sent to them,
opens their batch and job again, and closes the letter; so asking twice is the same as once. Whoever was in flight is
left uncertain: they may have been mailed. One call moves at most `MOST` letters, and what it puts on the queue goes
there through the site's window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.apart import alone
from core.errors import UnknownJob
from core.scope import Scope
from runtime.ports import Row
from runtime.services import Services
from sending import dispatch
from store import batches, dead_letters, jobs
from store.audit import Entry
from store.dead_letters import Move

MOST = 100

# why a letter cannot be moved, in words
REFUSALS = {
    "already_redriven": "It has been redriven already.",
    "already_discarded": "It has been discarded already.",
    "job_cancelled": "Its job was cancelled. Create a new job for these people.",
    "job_not_started": "Its job has not been started; start it.",
    "unknown_batch": "There is no such job or batch. It can only be discarded.",
    "unknown_site": "There is no such site. It can only be discarded.",
    "malformed": "The message is not one of ours. It can only be discarded.",
}


class Refused(NamedTuple):
    """Why a chosen letter cannot be moved, as a code."""

    id: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """`letters` can be moved; `missing` are ids that nothing was found for; `remaining` are for another call."""

    letters: list[Row]
    refused: list[Refused]
    missing: list[str]
    remaining: int

    @property
    def ids(self) -> list[str]:
        return [letter["id"] for letter in self.letters]


async def choose(services: Services, scope: Scope | None, move: Move, ids: Sequence[str]) -> Choice:
    """These letters. Without a scope it is the operator who asks, and sees all."""
    rows = await services.database.all(dead_letters.chosen(scope, move, ids))
    known = {row["id"] for row in rows}
    return _choice(rows, [id for id in ids if id not in known])


async def choose_of_job(services: Services, scope: Scope | None, move: Move, job_id: str) -> Choice:
    """The open letters of a job. Raises `UnknownJob`."""
    known, rows = await services.database.batch(
        [dead_letters.job(scope, job_id), dead_letters.open_of_job(scope, move, job_id, MOST)]
    )
    if not known:
        raise UnknownJob(job_id)
    return _choice(rows, [])


async def count_people(services: Services, scope: Scope | None, choice: Choice) -> int:
    """Whom a redrive would send to."""
    return int((await services.database.all(dead_letters.count_people(scope, choice.ids)))[0]["count"])


async def redrive(services: Services, scope: Scope | None, choice: Choice, entry: Entry) -> tuple[int, int]:
    """Do again what the letters asked for; how many letters, and people, that were."""
    now = services.clock.now()
    of_batches = [letter for letter in choice.letters if letter["job_id"]]
    places = sorted({(letter["job_id"], letter["batch"]) for letter in of_batches})
    owners = {letter["job_id"]: Scope(letter["site_id"]) for letter in of_batches}
    [counted], *_, moved = await services.database.batch(
        [
            dead_letters.count_people(scope, choice.ids),
            dead_letters.revive_people(scope, choice.ids, now),
            *(batches.recount(job_id, number) for job_id, number in places),
            *(batches.reopen(job_id, now) for job_id in owners),
            *(jobs.reopen(owner, job_id) for job_id, owner in owners.items()),
            dead_letters.note(scope, "redrive", choice.ids, entry),
            dead_letters.move(scope, "redrive", choice.ids, now),
        ]
    )
    for site_id in sorted({owner.site_id for owner in owners.values()}):
        with alone(site=site_id):
            await dispatch.queue_site(services, site_id)
    for site_id in sorted({letter["site_id"] for letter in choice.letters if not letter["job_id"]}):
        with alone(site=site_id):
            await dispatch.kick_callbacks(services, site_id)
    return len(moved), counted["count"]


async def discard(services: Services, scope: Scope | None, choice: Choice, entry: Entry) -> int:
    """Close the letters and leave everything else as it is; how many that were."""
    now = services.clock.now()
    note = dead_letters.note(scope, "discard", choice.ids, entry)
    _, moved = await services.database.batch([note, dead_letters.move(scope, "discard", choice.ids, now)])
    return len(moved)


def _choice(rows: Sequence[Row], missing: list[str]) -> Choice:
    letters = [row for row in rows if row["refusal"] is None]
    refused = [Refused(row["id"], row["refusal"]) for row in rows if row["refusal"] is not None]
    return Choice(letters, refused, missing, rows[0]["open"] - len(letters) if rows else 0)
