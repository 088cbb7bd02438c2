"""The consumer of batches: claim, send, record; and the consumer of dead letters.

The promise: a message delivered twice, late or to two consumers at once mails nobody twice, and a batch ends only when
everybody in it has. A batch is held by a lease with a fencing number; inside it, only the group in flight can become
uncertain. Three budgets are counted apart: attempts (a person's), throttles and redeliveries (a batch's). An outage,
which is counted on the job, costs none of them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.apart import alone
from core.errors import CredentialsRejected, DatabaseBusy, DatabaseUncertain, QuotaExhausted, Throttled, Unavailable
from core.log import log, place_of
from core.scope import Scope
from core.states import BatchState, JobKind, JobState, RecipientState
from delivery_events import cloudflare
from jobs import breakers
from mail.compose import MailJob
from providers import provider_for
from runtime.ports import Message, Row, Statement
from runtime.services import Services
from sending import backoff, dispatch, letter
from sending.group import GroupResult, GroupSender, Outcome, Sender, rate_of
from sending.lease import LEASE, SPARE, Reference, given_back
from sending.pacing import Pacer, share
from sending.persistence import persist
from store import batches, dead_letters, events, recipients, usage
from store import jobs as job_rows
from suppressions import unsubscribe

GROUP = 24
WORK = 60_000  # milliseconds of an invocation; then the batch goes to the end of the queue, behind other sites'
MAX_REDELIVERIES = 3
MAX_THROTTLES = 50
GIVEN_UP_AGAIN = 3_600_000  # milliseconds that the dead letters have to end a batch, until it counts as forgotten
PROGRESS_INTERVAL = 5_000  # milliseconds between two job.progress events


async def consume(services: Services, messages: Sequence[Message]) -> None:
    """Handle deliveries from `offload-batches`; each is acked or retried by itself."""
    for message in messages:
        reference = Reference.parse(message.body)
        job, batch = reference or (None, None)
        try:
            if reference is None:
                await services.dead_letters.send([{"reason": "malformed", "message": letter.plain(message.body)}])
                message.ack()
            else:
                await _consume_one(services, message, reference)
        except Unavailable as error:
            log("warning", "batch put off", job=job, batch=batch, reason=type(error).__name__)
            message.retry(backoff.delay(message.attempts, services.random))
        except Exception as error:  # of this batch alone: it comes again, and is a dead letter in the end
            place = place_of(error)
            log("error", "batch broke", job=job, batch=batch, reason=place)
            message.retry(backoff.delay(message.attempts, services.random))


async def _consume_one(services: Services, message: Message, reference: Reference) -> None:
    now = services.clock.now()
    job, number = reference
    leased, found, work = await services.database.batch(
        [batches.lease(job, number, now + LEASE, now), batches.look(job, number), batches.work(job)]
    )
    if not found:
        await services.dead_letters.send([{**reference._asdict(), "reason": "unknown_batch"}])
        message.ack()
    elif leased:
        async with given_back(services, reference, leased[0]["fence"]):
            await BatchRun(services, reference, leased[0], work[0], now + LEASE).run()
        message.ack()
    elif found[0]["state"] in (BatchState.DONE, BatchState.DEAD):
        message.ack()
    else:  # held by another consumer, or not due yet
        wait = max(found[0]["lease_until"] or 0, found[0]["due_at"] or 0) - now
        message.retry(max(1, min(86_400, wait // 1000 + 1)))


@dataclass
class Ending:
    """Why a batch's lease ends with people still pending, and when it goes on."""

    delay_seconds: int = 0
    throttled: bool = False


class BatchRun:
    """One lease of one batch, from its first claim to its end."""

    def __init__(self, services: Services, reference: Reference, lease: Row, work: Row, until: int) -> None:
        self.services = services
        self.job, self.number = reference
        self.fence: int = lease["fence"]
        self.until = until  # milliseconds
        self.redeliveries: int = lease["redeliveries"]
        self.throttles: int = lease["throttles"]
        self.scope = Scope(work["site_id"])
        self.provider = provider_for(work["provider"], services, work["site_id"])
        # milliseconds; an attempt may be made a lease after its claim
        self.key_window = self.provider.key_window * 1000 - LEASE
        self.rate = rate_of(work, self.provider)
        self.pacer = Pacer(services.clock, self.rate)
        self.work = work
        self.deadline = services.clock.now() + WORK
        self.most_failures = 0
        self.sent_before = 0  # by the whole job, when this lease began
        self.standing: Row = {}

    async def run(self) -> None:
        if self.redeliveries >= MAX_REDELIVERIES:
            await self._give_up("poison")
            return
        await self._begin()
        content = json.loads(self.work["content"])
        mails = MailJob.accepted(self.work["site_id"], self.job, self.work["version"], content)
        sender: Sender = GroupSender(
            mails,
            self.provider,
            self.pacer,
            max_attempts=self.services.settings.max_attempts,
            resend_uncertain=self.work["on_uncertain"] == "resend",
            unsubscribe_url=partial(unsubscribe.link, self.services.settings, self.job),
        )
        if self.work["kind"] == JobKind.CERTIFICATE:
            sender = self._issuing(content, sender)
        ending = await self._tripped() or await self._send_groups(sender)
        if self.standing["held"]:
            await self._end(ending)
        else:
            log("warning", "lease lost", site=self.scope.site_id, job=self.job, batch=self.number)
        await dispatch.queue_site(self.services, self.scope.site_id)

    def _issuing(self, content: dict[str, Any], sender: Sender) -> Sender:
        from certificates.award import CertificateJob
        from certs import IssuingSender

        job = CertificateJob.load(self.scope.site_id, self.job, self.work["company"], content)
        at = self.standing["started_at"] or self.services.clock.now()  # not running: nobody will be claimed
        return IssuingSender(self.services, job, at, sender)

    async def _begin(self) -> None:
        now = self.services.clock.now()
        _, _, started, _, standing = await self._persist(
            [
                recipients.interrupt(self.job, self.number, self.key_window, now),
                batches.recount(self.job, self.number),
                events.started(self.job, self.number, self.fence, now),
                job_rows.begin(self.job, self.number, self.fence, now),
                self._look(now),
            ],
        )
        self.standing = standing[0]
        self.sent_before = self.standing["sent"]
        if started:
            await dispatch.kick_callbacks(self.services, self.scope.site_id)

    async def _send_groups(self, sender: Sender) -> "Ending":
        """Claim, send and record until nothing is left to claim, or there is a reason to stop."""
        position = -1
        while self.services.clock.now() < self.deadline:
            people = await self._claim(position)
            if not people:
                delay = backoff.delay(self.most_failures, self.services.random) if self.most_failures else 0
                return Ending(delay)
            position = people[-1]["position"]
            to_send = [person for person in people if person["state"] == RecipientState.SENDING]
            if not to_send:
                continue
            result = await sender.send(to_send)
            now = self.services.clock.now()
            outage = breakers.on_outage(result, self.standing, self.sent_before, self.services.random, now)
            if outage and self.standing["outages"] < breakers.FREE_OUTAGES:
                result = result.spared(keyed=self.key_window > 0)
            await self._keep(result)
            ending = await self._stopped(outage) or await self._halted(result, to_send) or await self._tripped()
            if ending:
                return ending
        return Ending()

    async def _claim(self, after: int) -> list[Row]:
        now = self.services.clock.now()
        limits = ((self.rate, self.standing["lanes"]), (self.work["company_rate"], self.standing["company_lanes"]))
        self.pacer.rate = share(limits)
        most = 1 if self.standing["outages"] else GROUP  # one mail shows whether an outage is over
        size = min(self.pacer.group_size(most), breakers.quota_left(self.standing))
        claim = recipients.claim(self.job, self.number, self.fence, after, size, self.key_window, now)
        renewal = [batches.renew(self.job, self.number, self.fence, now + LEASE), self._look(now)]
        try:
            people, _, standing = await self._persist([claim, *renewal], DatabaseBusy)
        except DatabaseUncertain:
            # it may have been executed: then these people are ours, and nothing has been sent to them
            claimed = recipients.claimed(self.job, self.number, self.fence)
            people, _, standing = await self._persist([claimed, *renewal])
        self.until = now + LEASE
        self.standing = standing[0]
        return sorted(people, key=lambda person: person["position"])

    async def _keep(self, result: GroupResult) -> None:
        """What one outcome holds keeps no other from being written: those are mailed, and must not seem in doubt."""
        try:
            await self._record(result)
        except Unavailable:
            raise
        except Exception as error:
            place = place_of(error)
            log("error", "outcomes not recorded", site=self.scope.site_id, job=self.job, reason=place)
            for outcome in result.outcomes:
                with alone(site=self.scope.site_id, job=self.job, batch=self.number):
                    await self._record_alone(outcome)

    async def _record_alone(self, outcome: Outcome) -> None:
        try:
            await self._record(GroupResult([outcome], None))
        except Exception:
            reason = None if outcome.state is RecipientState.SENT else "internal_error"
            bare = replace(outcome, reason=reason, detail=None, message_id=None)
            await self._record(GroupResult([bare], None))

    async def _record(self, result: GroupResult) -> None:
        now = self.services.clock.now()
        outcomes = result.as_json()
        statements = [
            usage.add(self.job, self.fence, outcomes, now),
            events.settled(self.job, self.fence, outcomes, now),
            recipients.record(self.job, self.fence, outcomes, now),
            batches.renew(self.job, self.number, self.fence, now + LEASE),
        ]
        if result.accepted:
            statements.append(batches.progressed(self.job, self.number, self.fence))
            self.throttles = 0
        if self.standing["outages"] and any(not outcome.down for outcome in result.tried):
            statements.append(job_rows.outage_over(self.job))
        tells = self.standing["progress_at"] <= now - PROGRESS_INTERVAL
        if tells:
            statements += [
                events.progress(self.job, now, PROGRESS_INTERVAL),
                events.supersede_progress(self.job),
                job_rows.progress_told(self.job, now, PROGRESS_INTERVAL),
            ]
        *_, standing = await self._persist([*statements, self._look(now)])
        self.until = now + LEASE
        self.standing = standing[0]
        if tells:
            await dispatch.kick_callbacks(self.services, self.scope.site_id)

    async def _persist(
        self, statements: Sequence[Statement], repeat_on: type[Unavailable] = Unavailable
    ) -> list[list[Row]]:
        """Until the lease is nearly over: whoever is in flight would be in doubt, and the batch would be poorer."""
        return await persist(self.services, statements, repeat_on, self.until - SPARE)

    def _look(self, now: int) -> Statement:
        return batches.standing(self.job, self.number, self.fence, now)

    async def _halted(self, result: GroupResult, people: list[Row]) -> "Ending | None":
        """What the group's result means for the rest of the batch."""
        failures = {person["position"]: person["attempts"] + 1 for person in people}
        for outcome in result.outcomes:
            if outcome.state is RecipientState.PENDING and outcome.attempts:
                self.most_failures = max(self.most_failures, failures[outcome.position])
        halt = result.halt
        if isinstance(halt, CredentialsRejected | QuotaExhausted):
            why = breakers.on_refusal(halt, self.services.clock.now())
            await breakers.trip(self.services, self.scope.site_id, self.job, why)
            return Ending()
        if isinstance(halt, Throttled):
            wait = backoff.delay(self.throttles + 1, self.services.random, base=5, retry_after=halt.retry_after)
            return Ending(wait, throttled=True)
        if result.refused == len(people):  # nobody got through: do not burn through the rest
            return Ending(backoff.delay(self.most_failures, self.services.random))
        return None

    async def _tripped(self) -> "Ending | None":
        """Whether a breaker pauses the job after this step."""
        now = self.services.clock.now()
        return await self._stopped(
            breakers.on_site(self.standing)
            or breakers.on_failures(self.standing)
            or breakers.on_quota(self.standing, now)
        )

    async def _stopped(self, why: breakers.Trip | None) -> "Ending | None":
        if why is None or not self.standing["held"]:
            return None
        await breakers.trip(self.services, self.scope.site_id, self.job, why)
        return Ending()

    async def _end(self, ending: Ending) -> None:
        """Finish the batch where everybody has ended; else give it back, to go on when it is due."""
        if await self._finished():
            return
        if ending.throttled and self.throttles + 1 >= MAX_THROTTLES:
            await self._give_up("throttled")
            return
        due_at = self.services.clock.now() + ending.delay_seconds * 1000
        give_back = batches.give_back(self.job, self.number, self.fence, due_at, int(ending.throttled))
        await self._persist([give_back])
        if ending.delay_seconds and self.standing["job_state"] != JobState.PAUSED:
            row = {"job_id": self.job, "number": self.number}
            await dispatch.queue_batches(self.services, [row], ending.delay_seconds)

    async def _finished(self) -> bool:
        now = self.services.clock.now()
        *_, standing = await self._persist(
            [
                recipients.cancel_rest(self.job, self.number, now),
                batches.recount(self.job, self.number),
                events.batch_finished(self.job, self.number, self.fence, now),
                batches.finish(self.job, self.number, self.fence),
                events.completed(self.job, now),
                job_rows.end(self.job, now),
                self._look(now),
            ],
        )
        self.standing = standing[0]
        finished = not self.standing["held"]
        if finished:
            await dispatch.kick_callbacks(self.services, self.scope.site_id)
        return finished

    async def _give_up(self, reason: str) -> None:
        """Send the batch to the dead letters; their consumer ends it. If the message is lost, the batch comes again."""
        log("error", "batch given up", site=self.scope.site_id, job=self.job, batch=self.number, reason=reason)
        await self.services.dead_letters.send([{"job": self.job, "batch": self.number, "reason": reason}])
        again = self.services.clock.now() + GIVEN_UP_AGAIN
        throttled = int(reason == "throttled")
        await self._persist([batches.give_back(self.job, self.number, self.fence, again, throttled)])


async def dead_letter(services: Services, messages: Sequence[Message]) -> None:
    """Handle deliveries from `offload-dlq`: keep the message with its reason, end its batch, tell Moodle."""
    for message in messages:
        job, batch = Reference.parse(message.body) or (None, None)
        try:
            await _bury(services, message)
        except Unavailable as error:
            log("warning", "dead letter put off", job=job, batch=batch, reason=type(error).__name__)
            message.retry(backoff.delay(message.attempts, services.random))
        except Exception as error:  # of this letter alone
            place = place_of(error)
            log("error", "dead letter not kept", job=job, batch=batch, reason=place)
            message.retry(backoff.delay(message.attempts, services.random))


async def _bury(services: Services, message: Message) -> None:
    now = services.clock.now()
    body = message.body if isinstance(message.body, dict) else {}
    if cloudflare.is_event(body):  # it names a person, so it is not kept
        log("error", "delivery event given up", reason="cloudflare")
        message.ack()
        return
    reference = Reference.parse(body)
    queue = "offload-callbacks" if "site" in body else "offload-batches"
    reason, text = letter.reason_of(message.body), letter.as_json(message.body)
    if reference is None:
        await persist(services, [dead_letters.insert(message.id, queue, None, None, reason, text, now)])
        log("error", "dead letter", reason=reason)
        message.ack()
        return
    job, number = reference
    found = await services.database.all(batches.look(job, number))
    waits_until = max(found[0]["lease_until"] or 0, found[0]["due_at"] or 0) if found else 0
    if "reason" not in body and waits_until > now:
        message.ack()  # a second message of a batch that waits or is being sent: it says nothing of the batch
        return
    if found and (found[0]["lease_until"] or 0) > now:  # somebody is sending this batch after all
        message.retry((found[0]["lease_until"] - now) // 1000 + 1)
        return
    if "reason" not in body and await services.database.all(batches.put_back(job, number, MAX_REDELIVERIES, now)):
        log("warning", "batch put back", job=job, batch=number, reason=reason)  # the sweeper queues it
        message.ack()
        return
    if not found or found[0]["state"] not in (BatchState.DONE, BatchState.DEAD):
        await persist(
            services,
            [
                dead_letters.insert(message.id, queue, job, number, reason, text, now),
                recipients.bury(job, number, reason, now),
                batches.recount(job, number),
                events.batch_buried(job, number, now),
                batches.bury(job, number, now),
                events.completed(job, now),
                job_rows.end(job, now),
            ],
        )
        site = found[0]["site_id"] if found else None
        log("error", "dead letter", site=site, job=job, batch=number, reason=reason)
        if site:
            await dispatch.kick_callbacks(services, site)
    message.ack()
