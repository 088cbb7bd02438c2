"""Mailgun's webhooks: one event a request, an HMAC over timestamp and token that leaves the event itself open.

So a token is bound to the first content that comes with it, whatever that tells: who sees a request afterwards cannot
use its signature for an event of their own, and Mailgun may repeat it. Who sees it before it gets here can; against
that stands nothing in Mailgun's scheme but TLS.
documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from core.errors import EventMalformed, EventUnproven
from delivery_events.base import (
    REFERENCE,
    TOKENS_KEPT,
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

_TOKEN = re.compile(r"[!-~]{1,255}")
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
        expected = hmac.new(self.key.encode(), (timestamp + token).encode(errors="replace"), hashlib.sha256).hexdigest()
        given = text(content, "signature", "signature")
        if not _TOKEN.fullmatch(token) or not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise EventUnproven("signature", "The signature is not Mailgun's.")
        spent = Token(token, at, self.services.clock.now() - TOKENS_KEPT)
        try:
            found = _event(member(content, "event-data"))
        except EventMalformed as error:
            error.token = spent
            raise
        return Notice([found] if found else [], spent)


def _event(data: Any) -> DeliveryEvent | None:
    if not isinstance(data, dict):
        raise EventMalformed("Mailgun sends an object 'event-data'.")
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
