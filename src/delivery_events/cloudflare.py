"""Cloudflare Email Service: an event subscription that writes to a queue of ours, so nobody else can.

Its events bring back no argument of ours, only the message id. One that comes before we have written that id down is
put off for a moment; one of another mail of the same domain is let go.
developers.cloudflare.com/email-service/platform/event-subscriptions/
"""

from collections.abc import Sequence
from typing import Any

from core.errors import EventMalformed, Unavailable
from core.log import log, place_of
from delivery_events import outcomes
from delivery_events.base import DeliveryEvent, Kind, Notice, event, moment, text
from providers.cloudflare import in_brackets
from runtime.ports import Message
from runtime.services import Services
from sending import backoff

LOOKS = 3  # deliveries of a message until its mail counts as another's
WAIT = 30  # seconds between them
_PREFIX = "cf.email.sending.message."
KINDS = {
    "delivered": Kind.DELIVERED,
    "deferred": Kind.DEFERRED,
    "failed": Kind.DROPPED,
    "rejected": Kind.DROPPED,
    "complained": Kind.COMPLAINT,
}


async def consume(services: Services, messages: Sequence[Message]) -> None:
    """Handle deliveries from `offload-delivery-events`."""
    found: list[tuple[Message, DeliveryEvent]] = []
    for message in messages:
        try:
            happened = _event(message.body)
        except Exception as error:  # this message alone; it names a person, so it is no dead letter
            place = place_of(error)
            log("error", "delivery event malformed", reason=f"cloudflare: {place}")
            happened = None
        if happened:
            found.append((message, happened))
        else:
            message.ack()
    try:
        known = await outcomes.apply(services, Notice([happened for _, happened in found]))
    except Unavailable as error:
        log("warning", "delivery events put off", reason=type(error).__name__, count=len(found))
        _put_off(services, [message for message, _ in found])
        return
    except Exception as error:
        place = place_of(error)
        log("error", "delivery events not applied", reason=place, count=len(found))
        _put_off(services, [message for message, _ in found])
        return
    for number, (message, _) in enumerate(found):
        if number not in known and message.attempts < LOOKS:
            message.retry(WAIT)
        else:
            message.ack()


def _put_off(services: Services, messages: Sequence[Message]) -> None:
    for message in messages:
        message.retry(backoff.delay(message.attempts, services.random))


def is_event(body: Any) -> bool:
    return text(body, "type").startswith(_PREFIX)


def _event(body: Any) -> DeliveryEvent | None:
    if not is_event(body):
        raise EventMalformed("This is no event of Email Sending.")
    name = text(body, "type").removeprefix(_PREFIX)
    kind = KINDS.get(name)
    payload = body.get("payload")
    if name == "bounced":
        kind = Kind.HARD_BOUNCE if text(payload, "bounce", "type") == "hard" else Kind.SOFT_BOUNCE
    if kind is None:
        return None
    words = (
        text(payload, "bounce", "reason"),
        text(payload, "failure", "reason"),
        text(payload, "rejection", "detail") or text(payload, "rejection", "reason"),
    )
    at = moment(text(body, "metadata", "eventTimestamp"))
    return event(kind, at, None, in_brackets(text(payload, "messageId")), *words)
