"""SendGrid's Signed Event Webhook: up to a thousand or so events a request, ECDSA over timestamp and raw body.

www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
from collections.abc import Mapping
from typing import Any

from core import der
from core.errors import ConfigurationError, EventMalformed, EventUnproven
from delivery_events.base import (
    REFERENCE,
    DeliveryEvent,
    EventSource,
    Kind,
    Notice,
    each_read,
    event,
    instant,
    parse,
    text,
)
from providers.sendgrid import WEBHOOK_KEY, SendGrid

SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
KINDS = {
    "delivered": Kind.DELIVERED,
    "deferred": Kind.DEFERRED,
    "dropped": Kind.DROPPED,
    "spamreport": Kind.COMPLAINT,
    "unsubscribe": Kind.UNSUBSCRIBE,
    "group_unsubscribe": Kind.UNSUBSCRIBE,
}


class SendGridEvents(EventSource):
    name = SendGrid.name
    setting = WEBHOOK_KEY
    window = 25 * 3600  # it repeats a request for a day; whether under a new signature is not documented (2026-11)

    def check_headers(self, headers: Mapping[str, str]) -> None:
        self.seconds(headers.get(TIMESTAMP, ""))
        if not _signature(headers):
            raise EventUnproven("signature", "The signature is not SendGrid's.")

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:
        self.check_headers(headers)
        if not await self._verify(_signature(headers), headers[TIMESTAMP].encode() + body):
            raise EventUnproven("signature", "The signature is not SendGrid's.")
        content = parse(body)
        if not isinstance(content, list):
            raise EventMalformed("SendGrid sends a list of events.")
        return Notice(each_read(self.name, content, _event))

    async def _verify(self, signature: bytes, data: bytes) -> bool:
        try:
            key = der.of_pem(self.key)
            return await self.services.crypto.verify("ECDSA-P256-SHA256", key, signature, data)
        except ValueError:
            raise ConfigurationError(self.setting.name, "is not the public key that SendGrid shows") from None


def _signature(headers: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
    except ValueError:
        return b""


def _event(each: Any) -> DeliveryEvent | None:
    name = text(each, "event")
    kind = KINDS.get(name)
    if name == "bounce":  # a block is a refusal of this mail, not of the address
        kind = Kind.SOFT_BOUNCE if text(each, "type") == "blocked" else Kind.HARD_BOUNCE
    if kind is None:
        return None
    message_id = text(each, "sg_message_id").partition(".")[0]  # X-Message-Id, and what SendGrid adds to it
    words = text(each, "status"), text(each, "reason") or text(each, "response")
    return event(kind, instant(each.get("timestamp")), each.get(REFERENCE), message_id, *words)
