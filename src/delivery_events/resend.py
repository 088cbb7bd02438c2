"""Resend's webhooks: one event a request, signed by Svix, whose scheme is that of our own callbacks.

resend.com/docs/dashboard/webhooks/verify-webhooks-requests
"""

import hmac
from collections.abc import Mapping
from typing import Any

from callbacks import signatures
from core.errors import ConfigurationError, EventMalformed, EventUnproven
from delivery_events.base import (
    REFERENCE,
    DeliveryEvent,
    EventSource,
    Kind,
    Notice,
    event,
    member,
    moment,
    parse,
    text,
)
from providers.resend import WEBHOOK_SECRET, Resend

SIGNATURE, TIMESTAMP = "svix-signature", "svix-timestamp"
KINDS = {
    "email.delivered": Kind.DELIVERED,
    "email.delivery_delayed": Kind.DEFERRED,
    "email.complained": Kind.COMPLAINT,
    "email.failed": Kind.DROPPED,
    "email.suppressed": Kind.DROPPED,
}


class ResendEvents(EventSource):
    name = Resend.name
    setting = WEBHOOK_SECRET
    window = 300  # every repetition is signed anew

    def check_headers(self, headers: Mapping[str, str]) -> None:
        self.seconds(headers.get(TIMESTAMP, ""))
        if not headers.get(SIGNATURE):
            raise EventUnproven("signature", "The signature is not Resend's.")

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:
        self.check_headers(headers)
        at = int(headers[TIMESTAMP])
        expected = self._sign(headers.get("svix-id", ""), at, body).encode()
        given = headers[SIGNATURE].encode(errors="replace").split()  # several while a secret rotates
        if not [one for one in given if hmac.compare_digest(one, expected)]:
            raise EventUnproven("signature", "The signature is not Resend's.")
        content = parse(body)
        if not isinstance(content, dict):
            raise EventMalformed("Resend sends an object.")
        found = _event(content)
        return Notice([found] if found else [])

    def _sign(self, message_id: str, timestamp: int, body: bytes) -> str:
        try:
            return signatures.headers(message_id, timestamp, body, [self.key])["webhook-signature"]
        except ConfigurationError as error:
            raise ConfigurationError(self.setting.name, error.detail) from None


def _event(content: dict[str, Any]) -> DeliveryEvent | None:
    name = text(content, "type")
    kind = _bounce(content) if name == "email.bounced" else KINDS.get(name)
    if kind is None:
        return None
    words = (
        text(content, "data", "bounce", "subType"),
        text(content, "data", "bounce", "message") or text(content, "data", "failed", "reason"),
    )
    reference, message_id = _tag(member(content, "data", "tags")), text(content, "data", "email_id")
    return event(kind, moment(text(content, "created_at")), reference, message_id, *words)


def _bounce(content: dict[str, Any]) -> Kind:
    """Without a type it is what the event is documented for: a permanent refusal."""
    permanent = text(content, "data", "bounce", "type") in ("Permanent", "")
    return Kind.HARD_BOUNCE if permanent else Kind.SOFT_BOUNCE


def _tag(tags: Any) -> Any:
    """An object by name in what arrives, a list of name and value in some of the documentation."""
    if isinstance(tags, list):
        tags = {text(tag, "name"): member(tag, "value") for tag in tags}
    return member(tags, REFERENCE)
