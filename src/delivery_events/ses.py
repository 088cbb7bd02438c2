"""Amazon SES through Amazon SNS: one event a request, signed by the certificate that it names.

The topic is pinned by SES_TOPIC_ARN, and the topic's region pins the hosts of the certificate and of the confirmation:
nothing that a request says makes us fetch from anywhere else.
docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from core import der
from core.errors import ConfigurationError, EventMalformed, EventUnproven, ResponseLost
from core.log import log
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
from providers.ses import TOPIC_ARN, Ses
from runtime.ports import HttpRequest, HttpResponse, SignatureAlgorithm

ALGORITHMS: Mapping[str, SignatureAlgorithm] = {"1": "RSA-SHA1", "2": "RSA-SHA256"}
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
FETCH_TIMEOUT = 10.0
CERTIFICATES = 8  # kept at a time: Amazon changes them now and then
_TOPIC = re.compile(r"arn:(aws[a-z-]*):sns:([a-z]{2}[a-z0-9-]*):\d{10,12}:[\w-]{1,256}")
_keys: dict[str, bytes] = {}  # public keys by the certificate's address, as long as the isolate lives

# the event's own object, by its type
PARTS = {
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Delivery": "delivery",
    "DeliveryDelay": "deliveryDelay",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "Subscription": "subscription",
}
KINDS = {
    "Complaint": Kind.COMPLAINT,
    "Delivery": Kind.DELIVERED,
    "DeliveryDelay": Kind.DEFERRED,
    "Reject": Kind.DROPPED,
    "Rendering Failure": Kind.DROPPED,
}


class SesEvents(EventSource):
    name = Ses.name
    setting = TOPIC_ARN
    window = 25 * 3600  # SNS repeats a request for an hour, or as long as its owner says (2026-11)

    async def read(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002 - it is all in the body
        topic = _TOPIC.fullmatch(self.key)
        if not topic:
            raise ConfigurationError(self.setting.name, "is not the ARN of an SNS topic")
        host = f"https://sns.{topic[2]}.amazonaws.com{'.cn' if topic[1] == 'aws-cn' else ''}/"
        message = parse(body)
        kind = text(message, "Type")
        if kind not in SIGNED:
            raise EventMalformed("SNS sends notifications and confirmations.")
        if text(message, "TopicArn") != self.key:
            raise EventUnproven("topic", "The message is of another topic.")
        await self._verify(message, SIGNED[kind], host)
        self.check_time(moment(text(message, "Timestamp")))
        if kind == "SubscriptionConfirmation":
            await self._confirm(text(message, "SubscribeURL"), host)
        found = _event(_content(text(message, "Message"))) if kind == "Notification" else None
        return Notice([found] if found else [])

    async def _verify(self, message: dict[str, Any], fields: tuple[str, ...], host: str) -> None:
        algorithm = ALGORITHMS.get(text(message, "SignatureVersion"))
        url = text(message, "SigningCertURL")
        if algorithm is None or not re.fullmatch(re.escape(host) + r"[\w-]+\.pem", url, re.ASCII):
            raise EventUnproven("certificate", "The certificate is not at the topic's own SNS address.")
        lines = [(name, message[name]) for name in fields if isinstance(message.get(name), str)]
        to_sign = "".join(f"{name}\n{value}\n" for name, value in lines).encode(errors="replace")
        try:
            signature = base64.b64decode(text(message, "Signature"), validate=True)
        except ValueError:
            signature = b""
        if not await self.services.crypto.verify(algorithm, await self._key(url), signature, to_sign):
            raise EventUnproven("signature", "The signature is not that of Amazon SNS.")

    async def _key(self, url: str) -> bytes:
        if url not in _keys:
            certificate = (await self._fetch(url)).body.decode(errors="replace")
            try:
                key = der.public_key_of(der.of_pem(certificate))
            except ValueError as error:
                raise EventUnproven("certificate", f"The certificate cannot be read: {error}.") from None
            if len(_keys) >= CERTIFICATES:
                _keys.clear()
            _keys[url] = key
        return _keys[url]

    async def _confirm(self, url: str, host: str) -> None:
        if not re.fullmatch(re.escape(host) + r"\?[!-~]+", url):
            raise EventUnproven("confirmation", "The confirmation is not at the topic's own SNS address.")
        await self._fetch(url)
        log("info", "subscription to delivery events confirmed", reason=self.name)

    async def _fetch(self, url: str) -> HttpResponse:
        response = await self.services.fetch(HttpRequest("GET", url, timeout=FETCH_TIMEOUT))
        if response.status != 200:
            raise ResponseLost(f"Amazon SNS answers {response.status}")
        return response


def _content(message: str) -> Any:
    """Of a notification; SNS also sends plain words, when a topic is first used."""
    return parse(message.encode(errors="replace")) if message.startswith("{") else None


def _event(content: Any) -> DeliveryEvent | None:
    name = text(content, "eventType") or text(content, "notificationType")
    part = member(content, PARTS.get(name, "")) or {}
    kind = KINDS.get(name)
    if name == "Bounce":
        kind = Kind.HARD_BOUNCE if text(part, "bounceType") == "Permanent" else Kind.SOFT_BOUNCE
    elif name == "Subscription" and member(part, "newTopicPreferences", "unsubscribeAll") is True:
        kind = Kind.UNSUBSCRIBE
    elif text(part, "complaintFeedbackType") == "not-spam":  # RFC 5965: somebody took it out of the spam folder
        kind = None
    if kind is None:
        return None
    recipients = member(part, "bouncedRecipients") or member(part, "delayedRecipients")
    said = text(recipients[0], "diagnosticCode") if isinstance(recipients, list) and recipients else ""
    names = ("bounceSubType", "delayType", "complaintFeedbackType", "reason", "errorMessage")
    words = [text(part, name) for name in names]
    reference = member(content, "mail", "tags", REFERENCE)
    at = moment(text(part, "timestamp") or text(content, "mail", "timestamp"))
    first = reference[0] if isinstance(reference, list) and reference else None
    return event(kind, at, first, text(content, "mail", "messageId"), *words, said)
