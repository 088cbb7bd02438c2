"""What can be done with a job: create, append people, start, pause, resume, cancel, retry, hand back.

The promise: each is one transaction that holds the change, its counters and the events that tell it; only then are
batches put on the queue, and what is lost on that way the sweeper puts there again. Asking twice is the same as once.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from certificates import issuing
from certificates.award import CertificateJob
from core import person_hash
from core.errors import (
    EmptyJob,
    IdempotencyConflict,
    InvalidAddress,
    MissingForEverybody,
    TooManyPeople,
    TransportError,
    UnknownJob,
    WrongState,
)
from core.limits import ROW
from core.scope import Scope
from core.states import JobKind, JobState
from mail import senders
from mail.address import parse
from mail.compose import MailJob
from providers import provider_for
from runtime.ports import Row, Statement
from runtime.services import Services
from sending import dispatch
from store import batches, events, jobs, kept, privacy, recipients, usage
from suppressions import unsubscribe

# What the audit trail says of a change to the job of this id, written in the change's own transaction: only where the
# job is in one of these states, from which the change is possible.
Note = Callable[[str, Sequence[JobState]], Statement]


class SelectedAction(Protocol):
    """`retry` and `resolve`: the same shape."""

    async def __call__(
        self,
        services: Services,
        scope: Scope,
        job_id: str,
        selection: "Selection",
        note: Note | None = None,
        *,
        dry_run: bool = False,
    ) -> tuple[int, Row]: ...


_OPEN = (JobState.DRAFT, JobState.SCHEDULED, JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
_RETRIABLE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.COMPLETED)


@dataclass(frozen=True)
class NewJob:
    """`content` is {"message": {…}, "unsubscribe": true, "certificate": {…}} as documented for `POST /v1/jobs`, with
    every field of the certificate there; `send_at` is in milliseconds; `rate` in mails a second; `on_uncertain` is
    `hold` or `resend`; `category` is that of mail which a person can unsubscribe from. `request_hash` tells two
    requests under one idempotency key apart."""

    kind: str
    name: str
    company: str | None
    content: Mapping[str, Any]
    send_at: int | None
    rate: float | None
    on_uncertain: str
    idempotency_key: str | None
    request_hash: str
    category: str = ""


class Appended(NamedTuple):
    added: int
    duplicates: int
    total: int


@dataclass(frozen=True)
class Selection:
    """Whom to retry: people in `state` (`failed` or `uncertain`), of one `reason`, of these `refs`; None is any."""

    state: str = "failed"
    reason: str | None = None
    refs: tuple[str, ...] | None = None

    @property
    def listed(self) -> str | None:
        """The refs as JSON."""
        return None if self.refs is None else json.dumps(self.refs)


async def find(services: Services, scope: Scope | None, job_id: str) -> Row:
    """The job's row; without a scope of all sites. Raises `UnknownJob`."""
    rows = await services.database.all(jobs.find(scope, job_id))
    if not rows:
        raise UnknownJob(job_id)
    return rows[0]


async def create(services: Services, scope: Scope, request: NewJob, note: Note | None = None) -> tuple[Row, bool]:
    """A new draft, or the job that this idempotency key made before (True). Raises `IdempotencyConflict`,
    `LimitReached`, `TemplateRefused`, `ConfigurationError` (of a job whose mails shall have links of ours)."""
    owner = Scope(scope.site_id, request.company)
    job_id = f"job_{services.random.token(16).hex()}"
    content = json.dumps(request.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    version = hashlib.sha256(content.encode()).hexdigest()
    if MailJob.load(scope.site_id, job_id, version, request.content).unsubscribe:
        unsubscribe.link(services.settings, job_id, 0)  # raises where none could be made
    if request.kind == JobKind.CERTIFICATE:
        await issuing.check(services, CertificateJob.load(scope.site_id, job_id, request.company, request.content))
    limits, size = services.settings.limits, ROW + len(content.encode())
    insertion = jobs.insert(
        owner,
        job_id,
        kind=request.kind,
        name=request.name,
        category=request.category,
        send_at=request.send_at,
        rate=request.rate,
        on_uncertain=request.on_uncertain,
        batch_size=services.settings.batch_size,
        idempotency_key=request.idempotency_key,
        request_hash=request.request_hash,
        now=services.clock.now(),
        bytes=size,
        limits=limits.as_json,
    )
    noted = [note(job_id, (JobState.DRAFT,))] if note else []  # after the insertion: it speaks of the new row
    before, inserted, *_ = await services.database.batch(
        [kept.of(owner), insertion, jobs.insert_content(job_id, version, content), *noted]
    )
    if inserted:
        return await find(services, owner, job_id), False
    found = await services.database.all(jobs.find_by_key(owner, request.idempotency_key or ""))
    if not found:
        limits.check(owner, before, {"drafts": 1, "bytes": size}, scope)
    [earlier] = found
    if earlier["request_hash"] != request.request_hash:
        raise IdempotencyConflict(request.idempotency_key)
    return await find(services, owner, earlier["id"]), True


async def append(
    services: Services, scope: Scope, job_id: str, people: Sequence[Mapping[str, Any]], note: Note | None = None
) -> Appended:
    """Add people to a draft, whom it has not yet by `ref`. At most 1 MB of JSON a call.

    Raises `UnknownJob`, `WrongState`, `TooManyPeople`, `LimitReached` (and then adds nobody, and notes nothing).
    """
    owner = Scope(scope.site_id, (await find(services, scope, job_id))["company"])
    most, limits = services.settings.max_people, services.settings.limits
    site_key = (await services.database.all(privacy.address_key(scope.site_id)))[0]["address_key"]
    rows = json.dumps([_row(person, site_key) for person in people], ensure_ascii=False, separators=(",", ":"))
    [first], [needed], before, *_, [last] = await services.database.batch(
        [
            jobs.find(scope, job_id),
            recipients.needed(job_id, rows),
            kept.of_job(job_id),
            recipients.append(scope, job_id, rows, most, limits.as_json, services.clock.now()),
            *([note(job_id, (JobState.DRAFT,))] if note else []),  # after it: it tells how many came
            batches.add_appended(job_id),
            jobs.find(scope, job_id),
        ]
    )
    if last["state"] != JobState.DRAFT:
        raise WrongState("add people to", last["state"])
    # the statement that would have added them had the same numbers, and added nobody
    if first["total"] + needed["people"] > most:
        raise TooManyPeople(most)
    limits.check(owner, before, needed, scope)
    added = last["total"] - first["total"]
    return Appended(added, len(people) - added, last["total"])


async def start(services: Services, scope: Scope, job_id: str, note: Note | None = None) -> Row:
    """Queue a draft, or schedule it for its `send_at`.

    Raises `EmptyJob`, `MissingForEverybody`, `ConfigurationError` and `CredentialsRejected` (the provider would refuse
    every mail), `SenderRefused`, `WrongState`.
    """
    job = await find(services, scope, job_id)
    if job["state"] != JobState.DRAFT:
        return _already(job, "start", not_from=(JobState.CANCELLED,))
    if not job["total"]:
        raise EmptyJob(job_id)
    await _check_sendable(services, scope, job_id)
    now = services.clock.now()
    statements = [jobs.start(scope, job_id, now), batches.release(job_id, now)]
    await _change(services, note, job_id, (JobState.DRAFT,), statements)
    return await _dispatched(services, scope, job_id)


async def pause(
    services: Services,
    scope: Scope,
    job_id: str,
    note: Note | None = None,
    *,
    reason: str = "requested",
    detail: str | None = None,
    resume_at: int | None = None,
) -> Row:
    """Stop sending within one group; `reason` is a code, `resume_at` when it ends by itself. Raises `WrongState`."""
    await find(services, scope, job_id)
    now = services.clock.now()
    statements = [events.paused(job_id, now, reason, detail), jobs.pause(scope, job_id, reason, detail, resume_at)]
    _, paused = await _change(services, note, job_id, (JobState.QUEUED, JobState.RUNNING), statements)
    job = await find(services, scope, job_id)
    if not paused:
        return _already(job, "pause", only=JobState.PAUSED)
    await dispatch.kick_callbacks(services, scope.site_id)
    return job


async def resume(services: Services, scope: Scope, job_id: str, note: Note | None = None) -> Row:
    """Go on where a pause stopped. Raises `WrongState`."""
    await find(services, scope, job_id)
    statements = [jobs.resume(scope, job_id), batches.release(job_id, services.clock.now())]
    resumed, _ = await _change(services, note, job_id, (JobState.PAUSED,), statements)
    job = await _dispatched(services, scope, job_id)
    if not resumed and job["state"] not in (JobState.QUEUED, JobState.RUNNING):
        raise WrongState("resume", job["state"])
    return job


async def cancel(
    services: Services, scope: Scope, job_id: str, note: Note | None = None, *, reason: str = "cancelled"
) -> Row:
    """End everybody still pending, at once; who is being sent to right now ends as that ends. Raises `WrongState`."""
    await find(services, scope, job_id)
    now = services.clock.now()
    *_, cancelled, _, _ = await _change(
        services,
        note,
        job_id,
        _OPEN,
        [
            recipients.cancel_pending(job_id, reason, now),
            batches.recount_all(job_id),
            events.batches_cancelled(job_id, now),
            batches.end_unstarted(job_id, now),
            jobs.cancel(scope, job_id, reason),
            events.completed(job_id, now),
            jobs.end(job_id, now),
        ],
    )
    job = await find(services, scope, job_id)
    if not cancelled:
        return _already(job, "cancel", only=JobState.CANCELLED)
    await dispatch.kick_callbacks(services, scope.site_id)
    return job


async def hand_back(services: Services, scope: Scope, job_id: str, note: Note | None = None) -> tuple[Row, int]:
    """Cancel who is pending so that Moodle can mail them itself; how many they are in all. Raises `WrongState`."""
    job = await cancel(services, scope, job_id, note, reason="handed_back")
    return job, await _count(services, recipients.count_handed_back(job_id))


async def retry(
    services: Services,
    scope: Scope,
    job_id: str,
    selection: Selection,
    note: Note | None = None,
    *,
    dry_run: bool = False,
) -> tuple[int, Row]:
    """Send again to the selected; how many they are. `dry_run` only counts. Raises `WrongState`."""
    job = await find(services, scope, job_id)
    if job["state"] not in _RETRIABLE:
        raise WrongState("retry", job["state"])
    chosen = (job_id, selection.state, selection.reason, selection.listed)
    count = recipients.count_retriable(*chosen)
    if dry_run:
        return await _count(services, count), job
    now = services.clock.now()
    counted, *_ = await _change(
        services,
        note,
        job_id,
        _RETRIABLE,
        [
            count,
            recipients.retry_selected(*chosen, now),
            batches.recount_all(job_id),
            batches.reopen(job_id, now),
            jobs.reopen(scope, job_id),
        ],
    )
    return counted[0]["count"], await _dispatched(services, scope, job_id)


async def resolve(
    services: Services,
    scope: Scope,
    job_id: str,
    selection: Selection,
    note: Note | None = None,
    *,
    dry_run: bool = False,
) -> tuple[int, Row]:
    """A person knows that the selected uncertain people were mailed; how many they are. `dry_run` only counts."""
    job = await find(services, scope, job_id)
    reason, refs = selection.reason, selection.listed
    count = recipients.count_selected(job_id, "uncertain", reason, refs)
    if dry_run:
        return await _count(services, count), job
    now = services.clock.now()
    counted, *_ = await _change(
        services,
        note,
        job_id,
        tuple(JobState),
        [
            count,
            events.resolved(job_id, reason, refs, now),
            usage.resolved(job_id, reason, refs),
            recipients.resolve_selected(job_id, reason, refs, now),
            batches.recount_all(job_id),
        ],
    )
    await dispatch.kick_callbacks(services, scope.site_id)
    return counted[0]["count"], await find(services, scope, job_id)


async def _count(services: Services, statement: Statement) -> int:
    [row] = await services.database.all(statement)
    count: int = row["count"]
    return count


async def _change(
    services: Services, note: Note | None, job_id: str, states: Sequence[JobState], statements: Sequence[Statement]
) -> list[list[Row]]:
    """Run the statements of a change that is possible in `states`, and its note, in one transaction."""
    noted = [note(job_id, states)] if note else []
    return (await services.database.batch([*noted, *statements]))[len(noted) :]


def _row(person: Mapping[str, Any], site_key: str) -> dict[str, Any]:
    email = _wire_address(person["email"])
    return {
        "ref": person["ref"],
        "email": email,
        "hash": person_hash.of_address(site_key, email),
        "name": person.get("name", ""),
        "variables": person.get("variables", {}),
    }


def _wire_address(email: str) -> str:
    """With its domain in ASCII, as suppressions have it. What is no address is kept: that person fails alone."""
    if email.isascii():
        return email.strip() or email  # an empty one is of somebody erased
    try:
        return parse(email).email
    except InvalidAddress:
        return email


async def _check_sendable(services: Services, scope: Scope, job_id: str) -> None:
    found = (await services.database.all(jobs.content(scope, job_id)))[0]
    content = json.loads(found["content"])
    # again, for what the operator changed since: a draft may be old, and somebody is there to read why it cannot start
    senders.check(content["message"]["from"]["email"], found)
    needed = MailJob.load(scope.site_id, job_id, found["version"], content).variables
    if "certificate" in content:
        needed |= CertificateJob.load(scope.site_id, job_id, None, content).variables
    names = json.dumps(sorted(needed))
    missing = await services.database.all(recipients.unsupplied(job_id, names))
    if missing:
        raise MissingForEverybody(tuple(row["name"] for row in missing))
    with contextlib.suppress(TransportError):  # unreachable just now: sending will wait for it
        await provider_for(found["provider"], services, scope.site_id).check()


async def _dispatched(services: Services, scope: Scope, job_id: str) -> Row:
    await dispatch.queue_site(services, scope.site_id)
    return await find(services, scope, job_id)


def _already(job: Row, action: str, only: JobState | None = None, not_from: tuple[JobState, ...] = ()) -> Row:
    """The job as it is, where the action has had its effect before; else `WrongState`."""
    state = JobState(job["state"])
    if state in not_from or (only is not None and state is not only):
        raise WrongState(action, state)
    return job
