"""Mailgun's webhooks: one event a request, an HMAC over timestamp and token that leaves the event itself open.

So a token is good for one request: whoever has seen one cannot use it for an event of their own.
documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from core.errors import EventMalformed, EventUnproven
from delivery_events.base import (
    REFERENCE,
    DeliveryEvent,
    EventSource,
    Kind,
    Notice,
    Token,
    event,
    instant,
    member,
    parse,
    text,
)
from providers.mailgun import SIGNING_KEY, Mailgun

KINDS = {
    "delivered": Kind.DELIVERED,
    "rejected": Kind.DROPPED,
    "complained": Kind.COMPLAINT,
    "unsubscribed": Kind.UNSUBSCRIBE,
}


class MailgunEvents(EventSource):
    name = Mailgun.name
    setting = SIGNING_KEY
    window = 12 * 3600  # it repeats a request for eight hours (2026-11)

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002 - it is all in the body
        content = parse(body)
        timestamp, token = text(content, "signature", "timestamp"), text(content, "signature", "token")
        at = self.seconds(timestamp)
        expected = hmac.new(self.key.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
        given = text(content, "signature", "signature")
        if not token or not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise EventUnproven("signature", "The signature is not Mailgun's.")
        data = member(content, "event-data")
        if not isinstance(data, dict):
            raise EventMalformed("Mailgun sends an object 'event-data'.")
        found = _event(data)
        return Notice([found] if found else [], Token(token[:255], at, self.services.clock.now() - self.window * 1000))


def _event(data: dict[str, Any]) -> DeliveryEvent | None:
    name = text(data, "event")
    kind = _failure(data) if name == "failed" else KINDS.get(name)
    if kind is None:
        return None
    message_id = text(data, "message", "headers", "message-id")
    words = text(data, "delivery-status", "message") or text(data, "delivery-status", "description")
    reason = text(data, "reject", "reason") or text(data, "reason")
    reference = member(data, "user-variables", REFERENCE)
    # the answer to sending has it in angle brackets, the events have it bare
    return event(kind, instant(_time(data)), reference, f"<{message_id}>" if message_id else "", words or reason)


def _failure(data: dict[str, Any]) -> Kind:
    if text(data, "severity") == "temporary":
        return Kind.DEFERRED
    reason, bounce = text(data, "reason"), text(data, "delivery-status", "bounce-type")
    if reason.startswith("suppress-"):
        return Kind.DROPPED
    hard = bounce == "hard" if bounce else reason == "bounce"
    return Kind.HARD_BOUNCE if hard else Kind.SOFT_BOUNCE


def _time(data: dict[str, Any]) -> Any:
    """A number; a string in some of the documentation's examples."""
    value = data.get("timestamp")
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None
