"""Sends one claimed group and says what became of each person in it.

The promise: an outcome for everybody, whatever happens; at most `IN_FLIGHT` requests at a time; and once the provider
says "wait" or "not you", or was down for six in a row, nobody more of the group is tried. A file that cannot go with a
mail never keeps the mail back.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from core.errors import (
    ConfigurationError,
    CredentialsRejected,
    OutcomeUnknown,
    ProviderBroken,
    ProviderDown,
    RecipientFault,
    Rejected,
    TemporarilyRefused,
    Throttled,
)
from core.log import log, place_of
from core.states import AttachmentState, RecipientState
from mail.compose import MailJob
from mail.message import Attachment, OutgoingMail
from providers.base import Provider
from runtime.ports import Row
from sending.pacing import Pacer

# six connections at a time may wait for their response headers: developers.cloudflare.com/workers/platform/limits
IN_FLIGHT = 6


Halt = Throttled | CredentialsRejected | ProviderDown | ProviderBroken


@dataclass(frozen=True)
class Outcome:
    """What became of one person; `attempts` is what it costs of their budget, `unsure` that a mail may have left,
    `down` that it was no fault of this mail: a service that everybody needs did not do its work; `attachment` what
    became of the file that a mail which left, or may have, was to have with it."""

    position: int
    state: RecipientState
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None
    message_id: str | None = None
    unsure: bool = False
    down: bool = False
    attachment: AttachmentState | None = None


@dataclass(frozen=True)
class GroupResult:
    """`halt` is why the rest of the group was not tried, where something concerns everybody."""

    outcomes: list[Outcome]
    halt: Halt | None

    @property
    def accepted(self) -> int:
        return sum(outcome.state is RecipientState.SENT for outcome in self.outcomes)

    @property
    def refused(self) -> int:
        """How many made an attempt and have to make another."""
        return sum(outcome.state is RecipientState.PENDING and outcome.attempts > 0 for outcome in self.outcomes)

    @property
    def tried(self) -> list[Outcome]:
        """Those who made an attempt."""
        return [outcome for outcome in self.outcomes if outcome.attempts]

    def spared(self, keyed: bool) -> "GroupResult":
        """The same, but whoever met a service that was down is pending and no attempt the poorer; where a mail may have
        left, only if the provider takes a repetition under the same key for the same mail."""
        return replace(
            self,
            outcomes=[
                replace(outcome, state=RecipientState.PENDING, attempts=0)
                if outcome.down and (keyed or not outcome.unsure)
                else outcome
                for outcome in self.outcomes
            ],
        )

    def as_json(self) -> str:
        text = json.dumps([asdict(outcome) for outcome in self.outcomes], ensure_ascii=False)
        return text.encode(errors="replace").decode()  # a provider's word may hold half a surrogate pair


class Sender(Protocol):
    async def send(self, people: Sequence[Row]) -> GroupResult:
        """An outcome for each of a claimed group. The `attachment` that a person may have is the file for their mail,
        or the `AttachmentState` that says why there is none."""
        ...


class GroupSender:
    """Sends the groups of one batch, one group at a time."""

    def __init__(
        self,
        mails: MailJob,
        provider: Provider,
        pacer: Pacer,
        *,
        max_attempts: int,
        resend_uncertain: bool,
        unsubscribe_url: Callable[[int], str],
    ) -> None:
        self._mails = mails
        self._provider = provider
        self._pacer = pacer
        self._max_attempts = max_attempts
        self._unsubscribe_url = unsubscribe_url  # of the person at a position
        # under the same key, a provider that honours keys makes a repetition harmless; else the job must ask for it
        self._may_repeat = resend_uncertain or provider.key_window > 0
        self._halt: Halt | None = None
        self._down_in_a_row = 0

    async def send(self, people: Sequence[Row]) -> GroupResult:
        self._halt = None
        self._down_in_a_row = 0
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def one(person: Row) -> Outcome:
            async with slots:
                return await self._send_one(person)

        outcomes = await asyncio.gather(*(one(person) for person in people))
        return GroupResult(outcomes, self._halt)

    async def _send_one(self, person: Row) -> Outcome:
        """Whatever breaks on the way to the provider is this person's alone, and certainly nothing has left."""
        try:
            return await self._tried(person)
        except Exception as error:
            place = place_of(error)
            log("error", "mail not made", site=self._mails.site_id, job=self._mails.job_id, reason=place)
            return Outcome(person["position"], RecipientState.FAILED, 0, "internal_error", type(error).__name__)

    async def _tried(self, person: Row) -> Outcome:
        position = person["position"]
        if self._halt:
            return Outcome(position, RecipientState.PENDING)
        try:
            mail = self._mails.mail_for(
                *(person["ref"], person["email"], person["name"], json.loads(person["variables"])),
                self._unsubscribe_url(position) if self._mails.unsubscribe else "",
                position,
            )
        except RecipientFault as fault:
            return Outcome(position, RecipientState.FAILED, 0, fault.code, fault.detail)
        except ConfigurationError as error:
            return self._not_configured(position, error)
        mail, attachment = self._with_attachment(mail, person.get("attachment"))
        await self._pacer.turn()
        outcome = await self._attempt(position, person["attempts"] + 1, mail)
        if mail.attachments and outcome.reason == "too_large":
            attachment = AttachmentState.TOO_LARGE
            if self._halt:
                return Outcome(position, RecipientState.PENDING)
            await self._pacer.turn()
            outcome = await self._attempt(position, person["attempts"] + 1, replace(mail, attachments=()))
        left = outcome.unsure or outcome.state is RecipientState.SENT
        return replace(outcome, attachment=attachment) if attachment and left else outcome

    def _with_attachment(
        self, mail: OutgoingMail, file: Attachment | AttachmentState | None
    ) -> tuple[OutgoingMail, AttachmentState | None]:
        """The mail with its file, where the provider takes it; and what became of the file."""
        if not isinstance(file, Attachment):
            return mail, file
        limit, whole = self._provider.attachment_limit, replace(mail, attachments=(file,))
        if not limit:
            return mail, AttachmentState.UNSUPPORTED
        return (whole, AttachmentState.ATTACHED) if whole.most_bytes <= limit else (mail, AttachmentState.TOO_LARGE)

    async def _attempt(self, position: int, attempt: int, mail: OutgoingMail) -> Outcome:
        last = attempt >= self._max_attempts
        try:
            message_id = await self._provider.send(mail)
        except ConfigurationError as error:
            return self._not_configured(position, error)
        except (Throttled, CredentialsRejected) as error:
            self._halt = self._halt or error
            return Outcome(position, RecipientState.PENDING)
        except Rejected as error:
            self._down_in_a_row = 0
            return Outcome(position, RecipientState.FAILED, 1, error.code, error.detail)
        except TemporarilyRefused as error:
            state = RecipientState.FAILED if last else RecipientState.PENDING
            return Outcome(position, state, 1, error.code, error.detail, down=self._is_down(error))
        except OutcomeUnknown as error:
            again = self._may_repeat and not last
            state = RecipientState.PENDING if again else RecipientState.UNCERTAIN
            return Outcome(position, state, 1, error.code, error.detail, unsure=True, down=self._is_down(error))
        except Exception as error:
            # our own fault, and it may have happened after the request left
            site, job = self._mails.site_id, self._mails.job_id
            log("error", "sending raised", site=site, job=job, reason=type(error).__name__)
            return Outcome(position, RecipientState.UNCERTAIN, 1, "internal_error", type(error).__name__, unsure=True)
        self._down_in_a_row = 0
        return Outcome(position, RecipientState.SENT, 1, message_id=message_id)

    def _is_down(self, error: TemporarilyRefused | OutcomeUnknown) -> bool:
        """Whether it says nothing of this mail; six such in a row halt the group."""
        if not isinstance(error, ProviderDown | ProviderBroken):
            self._down_in_a_row = 0
            return False
        self._down_in_a_row += 1
        if self._down_in_a_row >= IN_FLIGHT:
            self._halt = self._halt or error
        return True

    def _not_configured(self, position: int, error: ConfigurationError) -> Outcome:
        self._halt = self._halt or CredentialsRejected("not_configured", str(error))
        return Outcome(position, RecipientState.PENDING)


def rate_of(work: dict[str, Any], provider: Provider) -> float:
    """Mails a second: the site's or the provider's own, lowered by the job's."""
    rate = float(work["send_rate"] or provider.default_rate)
    return min(rate, float(work["rate"])) if work["rate"] else rate
