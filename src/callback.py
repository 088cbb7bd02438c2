"""Delivery of events to Moodle: signed POSTs after the Standard Webhooks specification, and what their answers mean.

The promise: every event is posted until the receiver has shown that it took it in, for most of a day; always with the
same id and the same bytes, so that a repeat is harmless to a receiver that remembers ids. An event that nobody wants
any more (superseded, delivered, its site closed) is never posted.

Nobody holds an event while it waits: it is claimed when one of the six requests is free to carry it. The attempts
that are due later ride on the queue's own delay: a pass that made an attempt sends the message for the next one, so
there are never more messages than events and attempts, however long a receiver stays away.
"""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from callbacks import signatures
from core import bounded_json, outbound, times
from core.errors import ConfigurationError, ConnectionFailed, ResponseLost, Unavailable
from core.log import log, place_of
from runtime.ports import HttpRequest, HttpResponse, Message, Row
from runtime.services import Services
from sending import backoff
from sending.persistence import persist
from store import callbacks, usage

# seconds from one attempt to the next; the first is made at once
SCHEDULE = (5, 30, 300, 1800, 7200, 18_000, 36_000)
JITTER = 0.2
LONGEST_WAIT = 86_399  # a day, less the second that `call_again` adds: the queue delays by 86,400 s at most
TIMEOUT = 15
LEASE = 60_000  # ms; an attempt takes 15 s at most, its bookkeeping 31 s where the database has to be asked again
IN_FLIGHT = 6
# one invocation's bounds; five statements an attempt stay below the database's 1,000 an invocation
PASS_MS = 270_000
PASS_ATTEMPTS = 190
LONGEST_ANSWER = 65_536  # bytes of an answer that are looked at for the echoed id
EXCERPT = 200

T = TypeVar("T")


class EventType(StrEnum):
    STARTED = "job.started"
    PROGRESS = "job.progress"
    BATCH_COMPLETED = "batch.completed"
    PAUSED = "job.paused"
    COMPLETED = "job.completed"
    DELIVERY_UPDATED = "delivery.updated"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_REVOKED = "certificate.revoked"


def event_json(row: Row) -> dict[str, Any]:
    """An event as both callbacks and GET /v1/events show it."""
    data = {"job": row["job_id"], "company": row["company"], "sequence": row["sequence"], **json.loads(row["data"])}
    return {"type": row["type"], "timestamp": times.rfc3339(row["created_at"]), "data": data}


@dataclass(frozen=True)
class Receiver:
    """Where to post and what counts as success; every one of `secrets` signs."""

    url: str
    success: str
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, site: Row, now: int) -> "Receiver":
        """From a row of `callbacks.receiver`."""
        rotating = site["previous_callback_secret"] and (site["previous_secret_until"] or 0) > now
        secrets = (site["callback_secret"], *([site["previous_callback_secret"]] if rotating else []))
        return cls(site["callback_url"] or "", site["callback_success"], secrets)


@dataclass(frozen=True)
class Outcome:
    """Of one attempt. `code` is why it did not count, '' where it did; `detail` is the receiver's or our own words."""

    status: int | None
    code: str = ""
    detail: str = ""
    retry_after: float = 0

    @property
    def accepted(self) -> bool:
        return not self.code

    @property
    def error(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


async def ping(services: Services, site: Row) -> Outcome:
    """Whether the callback URL of a site (a row of `callbacks.receiver`) answers as it would have to."""
    now = services.clock.now()
    event = {"type": "webhook.test", "timestamp": times.rfc3339(now), "data": {"site": site["id"]}}
    return await _post(services, Receiver.of(site, now), f"ping_{services.random.token(16).hex()}", event)


async def deliver(services: Services, messages: Sequence[Message]) -> None:
    """One batch of the callbacks' queue; a message `{"site": id}` means: deliver what is due for this site."""
    by_site: dict[str, list[Message]] = {}
    for message in messages:
        site_id = message.body.get("site") if isinstance(message.body, Mapping) else None
        if isinstance(site_id, str):
            by_site.setdefault(site_id, []).append(message)
        else:
            log("error", "callback message malformed", reason="malformed")
            message.ack()
    run = _Run(services, services.clock.now() + PASS_MS)
    # so that a receiver that never answers leaves requests to the others
    lanes = max(1, IN_FLIGHT // max(1, len(by_site)))
    await _all(*(run.serve(site_id, its_messages, lanes) for site_id, its_messages in by_site.items()))


class _Run:
    """One invocation: what its sites share."""

    def __init__(self, services: Services, until: int) -> None:
        self.services = services
        self.until = until
        self.attempts_left = PASS_ATTEMPTS
        self.slots = asyncio.Semaphore(IN_FLIGHT)

    async def serve(self, site_id: str, messages: Sequence[Message], lanes: int) -> None:
        redelivered = any(message.attempts > 1 for message in messages)
        try:
            attempts = sum(await _all(*(self.lane(site_id) for _ in range(lanes))))
            await self.call_again(site_id, always=attempts > 0 or redelivered)
        except Unavailable as error:
            log("warning", "callbacks put off", site=site_id, reason=type(error).__name__)
            self.put_off(messages)
        except Exception as error:  # of this site alone
            place = place_of(error)
            log("error", "callbacks broke", site=site_id, reason=place)
            self.put_off(messages)
        else:
            for message in messages:
                message.ack()

    def put_off(self, messages: Sequence[Message]) -> None:
        for message in messages:
            message.retry(backoff.delay(message.attempts, self.services.random, base=10))

    async def lane(self, site_id: str) -> int:
        """Claim and post, one event after another, until nothing is due; returns how many attempts were made."""
        attempts = 0
        while True:
            async with self.slots:
                now = self.services.clock.now()
                if now >= self.until or self.attempts_left <= 0:
                    return attempts
                self.attempts_left -= 1
                sites, events = await self.services.database.batch(
                    [callbacks.receiver(site_id), callbacks.claim_due(site_id, now, now + LEASE)]
                )
                if not events:
                    self.attempts_left += 1
                    return attempts
                await _attempt(self.services, site_id, Receiver.of(sites[0], now), events[0])
                attempts += 1

    async def call_again(self, site_id: str, always: bool) -> None:
        """Send the message for what is due next. Not for a later time that another pass has sent one for."""
        _, [row] = await self.services.database.batch([callbacks.park(site_id), callbacks.next_due(site_id)])
        now = self.services.clock.now()
        if row["due_at"] is None or (row["due_at"] > now and not always):
            return
        # a second more than whole seconds: a message that comes too early finds nothing to do
        delay = (row["due_at"] - now) // 1000 + 1 if row["due_at"] > now else 0
        await self.services.callbacks.send([{"site": site_id}], min(delay, LONGEST_WAIT + 1))


async def _attempt(services: Services, site_id: str, receiver: Receiver, event: Row) -> None:
    outcome = await _outcome(services, site_id, receiver, event)
    now = services.clock.now()
    made = event["attempts"] + 1
    if outcome.accepted:
        statements = [callbacks.delivered(event, outcome.status, now)]
    elif made <= len(SCHEDULE) or outcome.status == 410:
        delay = _delay(min(made, len(SCHEDULE)), services.random.fraction(), outcome.retry_after)
        statements = [callbacks.failed(event, outcome.status, outcome.error, now + round(delay * 1000))]
    else:
        statements = [callbacks.dead(event, outcome.status, outcome.error)]
    kept = callbacks.attempted(event, outcome.status, outcome.error or None, now)
    statements = [kept, usage.posted(event, outcome.accepted, now), *statements]
    if outcome.status == 410:
        statements += callbacks.off(site_id, receiver.url, now)
    await persist(services, statements)
    names = {"site": site_id, "job": event["job_id"], "callback": event["id"]}
    if outcome.accepted:
        log("info", "callback delivered", **names)
    elif outcome.status == 410:
        log("warning", "callbacks switched off by the receiver", **names, reason=outcome.code)
    elif made > len(SCHEDULE):
        log("error", "callback given up", **names, reason=outcome.code)
    else:
        log("warning", "callback not accepted", **names, reason=outcome.code)


async def _outcome(services: Services, site_id: str, receiver: Receiver, event: Row) -> Outcome:
    """Of an event that breaks us, an attempt that failed: it ends as others do that nobody takes, and holds none up."""
    try:
        return await _post(services, receiver, event["id"], event_json(event))
    except Exception as error:
        place = place_of(error)
        log("error", "callback broke", site=site_id, job=event["job_id"], callback=event["id"], reason=place)
        return Outcome(None, "internal_error", type(error).__name__)


async def _post(services: Services, receiver: Receiver, event_id: str, event: Mapping[str, Any]) -> Outcome:
    # half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes a question mark on every attempt
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    try:
        outbound.check(receiver.url, services.settings.local)
        signed = signatures.headers(event_id, services.clock.now() // 1000, body, receiver.secrets)
    except ConfigurationError as error:
        return Outcome(None, "not_configured", str(error))
    headers = {"content-type": "application/json", "user-agent": "cloud-offload", **signed}
    try:
        response = await services.fetch(HttpRequest("POST", receiver.url, headers, body, TIMEOUT))
    except ConnectionFailed as error:
        return Outcome(None, "connection_failed", _excerpt(str(error)))
    except ResponseLost as error:
        return Outcome(None, "no_answer", _excerpt(str(error)))
    return judge(response, event_id, receiver.success, services.clock.now())


def judge(response: HttpResponse, event_id: str, success: str, now: int) -> Outcome:
    """Whether the receiver took the event in. Moodle answers 200 with an error page when its database is down."""
    status = response.status
    words = _excerpt(response.body[: 4 * EXCERPT].decode(errors="replace"))
    if 200 <= status < 300:
        if success == "2xx" or _echoes(response.body, event_id):
            return Outcome(status)
        code = "not_echoed"
    elif 300 <= status < 400:
        code, words = "redirect", _excerpt(response.headers.get("location", ""))
    else:
        code = f"http_{status}"
    return Outcome(status, code, words, times.retry_after(response.headers.get("retry-after", ""), now) or 0)


def _echoes(body: bytes, event_id: str) -> bool:
    if len(body) > LONGEST_ANSWER:
        return False
    try:
        answer = bounded_json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("accepted") == event_id


def _delay(failures: int, fraction: float, retry_after: float) -> float:
    """Seconds to the next attempt. A Retry-After is the least, not instead: 'one second' must not use up the day."""
    planned = SCHEDULE[failures - 1] * (1 - JITTER + 2 * JITTER * fraction)
    return max(planned, min(retry_after, LONGEST_WAIT))


def _excerpt(text: str) -> str:
    """One line of printable text, bounded."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:EXCERPT]


async def _all(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Everything to its end, then the first error: nothing is cut off half way, nothing goes on behind our back."""
    results: list[T] = []
    errors: list[BaseException] = []
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            errors.append(result)
        else:
            results.append(result)
    if errors:
        raise errors[0]
    return results
