"""Delivery of events to Moodle: each is posted until its receiver has shown that it took it in, for most of a day,
always with the same id and the same bytes, so that a repeat is harmless to a receiver that remembers ids.

The promise: a receiver is one thing with one state, and stands in nobody's way but its own. One pass at a time serves
it. When an event is not taken, its receiver is asked by a `webhook.test` whether it is there. If so, the event was
refused, which is between the two of them: the others go on. If not, everything waits while one probe after another
asks again, and goes as soon as it answers. What nobody wants (superseded, delivered, its site closed) is not posted.

Nobody holds an event while it waits: it is claimed when one of the six requests is free to carry it. What is to be done
later rides on the queue's own delay: a pass sends the message for the next one as it ends.
"""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from callbacks import posting
from callbacks.posting import Outcome, Receiver
from core import times
from core.errors import Unavailable
from core.log import log, place_of
from core.scope import Scope
from runtime.ports import Message, Row, Statement
from runtime.services import Services
from sending import backoff
from sending.persistence import persist
from store import callbacks, receivers, usage

# seconds from one attempt of an event that is refused to the next; the first is made at once
SCHEDULE = (5, 30, 300, 1800, 7200, 18_000, 36_000)
PROBES = (5, 10, 20)  # seconds to the next probe of a receiver that fails; the last of them again and again
JITTER = 0.2
LONGEST_WAIT = 86_399  # a day, less the second that `call_again` adds: the queue delays by 86,400 s at most
AWAY = sum(SCHEDULE) * 1000  # ms that an event waits for a receiver that fails
TROUBLE = 3  # failures in a row after which the next event taken means that the receiver is in order again
# attempts forgiven an event because its receiver was away after them: after more, it may be what the receiver dies of
FORGIVEN = 8
MOST = 10_000  # events that one statement gives up or hastens
IN_FLIGHT = 6
# one invocation's bounds; five statements an attempt stay below the database's 1,000 an invocation
PASS_MS = 15_000
PASS_ATTEMPTS = 190
# ms: a pass claims for 15 s, and then ends an attempt, a probe and their bookkeeping
PASS_LEASE = 60_000
# ms: an attempt, one that another lane began as it failed, and the probe take 15 s each; their bookkeeping 31 s where
# the database has to be asked again
LEASE = 80_000

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
    run = _Run(services)
    # so that a receiver that never answers leaves requests to the others
    lanes = max(1, IN_FLIGHT // max(1, len(by_site)))
    await _all(*(run.serve(site_id, its_messages, lanes) for site_id, its_messages in by_site.items()))


class _Run:
    """One invocation: what its sites share."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.until = services.clock.now() + PASS_MS
        self.attempts_left = PASS_ATTEMPTS
        self.slots = asyncio.Semaphore(IN_FLIGHT)

    @property
    def over(self) -> bool:
        return self.attempts_left <= 0 or self.services.clock.now() >= self.until

    async def serve(self, site_id: str, messages: Sequence[Message], lanes: int) -> None:
        redelivered = any(message.attempts > 1 for message in messages)
        try:
            now = self.services.clock.now()
            _, taken = await self.services.database.batch(
                [callbacks.park(site_id), receivers.take(site_id, now, now + PASS_LEASE)]
            )
            closing: list[Statement] = []
            for receiver in taken:
                served = _Pass(self, receiver)
                await served.run(lanes)
                closing.append(receivers.close(receiver, served.failures, served.probe_at))
            await self.call_again(site_id, closing, always=redelivered)
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

    async def call_again(self, site_id: str, closing: list[Statement], always: bool) -> None:
        """Close the pass, if one was made, and send the message for the next. Whoever came in the middle of a pass or
        before a probe sends none: that pass sees all there is as it closes, and has sent for that probe."""
        statements = [callbacks.park(site_id), *closing, receivers.next_pass(site_id)]
        *_, [row] = await persist(self.services, statements)
        now = self.services.clock.now()
        if row["at"] is None or (row["at"] > now and not (closing or always)):
            return
        # a second more than whole seconds: a message that comes too early finds nothing to do
        delay = (row["at"] - now) // 1000 + 1 if row["at"] > now else 0
        await self.services.callbacks.send([{"site": site_id}], min(delay, LONGEST_WAIT + 1))


class _Pass:
    """One receiver, served until nothing is due, it fails, or the invocation is over."""

    def __init__(self, run: _Run, receiver: Row) -> None:
        self.run_of_all = run
        self.services = run.services
        self.site_id: str = receiver["site_id"]
        self.failures: int = receiver["failures"]
        self.probe_at: int | None = receiver["probe_at"]
        self.gone = False
        self.failed: list[tuple[Row, str, Outcome]] = []  # event, URL, outcome

    async def run(self, lanes: int) -> None:
        if self.probe_at is not None and not await self.there():
            return
        while not (self.run_of_all.over or self.gone or self.probe_at):
            await _all(*(self.lane() for _ in range(lanes)))
            if not self.failed:
                return
            await self.weigh()

    async def lane(self) -> None:
        """Claim and post, one event after another, until nothing is due or one is not taken."""
        run = self.run_of_all
        while True:
            async with run.slots:
                if self.failed or run.over:
                    return
                run.attempts_left -= 1
                now = self.services.clock.now()
                sites, events = await self.services.database.batch(
                    [callbacks.receiver(self.site_id), callbacks.claim_due(self.site_id, now, now + LEASE)]
                )
                if not events:
                    run.attempts_left += 1
                    return
                outcome = await self.posted(Receiver.of(sites[0], now), events[0])
                if outcome.accepted or outcome.code == "internal_error":
                    await self.record(events[0], outcome, away=False)
                else:
                    self.failed.append((events[0], sites[0]["callback_url"], outcome))

    async def posted(self, receiver: Receiver, event: Row) -> Outcome:
        """Of an event that breaks us, a refusal: it ends as others do that nobody takes, and holds none up."""
        try:
            return await posting.post(self.services, receiver, event["id"], event_json(event))
        except Exception as error:
            place = place_of(error)
            log("error", "callback broke", site=self.site_id, job=event["job_id"], callback=event["id"], reason=place)
            return Outcome(None, "internal_error", type(error).__name__)

    async def weigh(self) -> None:
        """Whether these events were refused, or their receiver is away."""
        failed, self.failed = self.failed, []
        self.failures += 1
        asked = max(outcome.retry_after for _, _, outcome in failed)
        gone = [url for _, url, outcome in failed if outcome.status == 410]
        away = False
        if gone:
            await self.switch_off(gone[0])
        elif asked:
            self.wait(asked)
        else:
            away = not await self.there()
        for event, _, outcome in failed:
            await self.record(event, outcome, away)

    async def there(self) -> bool:
        """Ask the receiver. If it is not there, what has waited too long is given up."""
        async with self.run_of_all.slots:
            [site] = await self.services.database.all(callbacks.receiver(self.site_id))
            outcome = await self.tested(site)
        if outcome.accepted:
            if self.probe_at is not None:
                log("info", "receiver answers again", site=self.site_id)
            self.probe_at = None
            return True
        if outcome.status == 410:
            await self.switch_off(site["callback_url"])
            return False
        if self.probe_at is None:
            log("warning", "receiver does not answer", site=self.site_id, reason=outcome.code)
        else:
            self.failures += 1
        self.wait(outcome.retry_after)
        now = self.services.clock.now()
        late = callbacks.give_up(self.site_id, now - AWAY, outcome.status, outcome.error, now, MOST)
        [given_up] = await persist(self.services, [late])
        if given_up:
            log("error", "callbacks given up", site=self.site_id, reason=outcome.code, count=len(given_up))
        return False

    async def tested(self, site: Row) -> Outcome:
        """An error of ours says nothing of the receiver: it counts as there, so that each event has its own end."""
        try:
            return await posting.ping(self.services, site)
        except Exception as error:
            place = place_of(error)
            log("error", "callback broke", site=self.site_id, reason=place)
            return Outcome(None)

    def wait(self, retry_after: float) -> None:
        """For the next probe; no longer than `PROBES`, unless the receiver asks for it."""
        planned = PROBES[min(self.failures, len(PROBES)) - 1]
        seconds = _delay(planned, self.services.random.fraction(), retry_after)
        self.probe_at = self.services.clock.now() + round(seconds * 1000)

    async def switch_off(self, url: str) -> None:
        self.gone = True
        await persist(self.services, callbacks.off(self.site_id, url, self.services.clock.now()))
        log("warning", "callbacks switched off by the receiver", site=self.site_id, reason="http_410")

    async def record(self, event: Row, outcome: Outcome, away: bool) -> None:
        """Keep an attempt with what it means for the event."""
        now = self.services.clock.now()
        kept = [
            callbacks.attempted(event, outcome.status, outcome.error or None, now),
            usage.posted(event, outcome.accepted, now),
        ]
        names = {"site": self.site_id, "job": event["job_id"], "callback": event["id"]}
        if outcome.accepted:
            waiting = [callbacks.hasten(Scope(self.site_id), now, MOST)] if self.failures >= TROUBLE else []
            await persist(self.services, [*kept, callbacks.delivered(event, outcome.status, now), *waiting])
            self.failures = 0
            log("info", "callback delivered", **names)
            return
        forgiven = away and event["attempts"] - event["refusals"] < FORGIVEN
        if forgiven or self.gone:
            change = callbacks.kept_waiting(event, outcome.status, outcome.error)
        elif event["refusals"] < len(SCHEDULE):
            planned = SCHEDULE[event["refusals"]]
            delay = _delay(planned, self.services.random.fraction(), outcome.retry_after)
            change = callbacks.refused(event, outcome.status, outcome.error, now + round(delay * 1000))
        else:
            change = callbacks.dead(event, outcome.status, outcome.error)
        await persist(self.services, [*kept, change])
        if forgiven or self.gone or event["refusals"] < len(SCHEDULE):
            log("warning", "callback not accepted", **names, reason=outcome.code)
        else:
            log("error", "callback given up", **names, reason=outcome.code)


def _delay(planned: float, fraction: float, retry_after: float) -> float:
    """Seconds to the next attempt. A Retry-After is the least, not instead: 'one second' must not use up the day."""
    return max(planned * (1 - JITTER + 2 * JITTER * fraction), min(retry_after, LONGEST_WAIT))


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
