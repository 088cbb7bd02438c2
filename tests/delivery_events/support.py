"""The providers' own payloads, signed as the providers sign."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callbacks import signatures
from runtime.ports import HttpRequest, HttpResponse
from runtime.services import Services
from runtime.settings import Settings
from tests.doubles.bindings import ScriptedFetch
from tests.doubles.clock import SeededRandom
from tests.doubles.crypto import certificate, p256_key, sign_p256, sign_rsa, spki
from tests.worlds.world import World

PAYLOADS = Path(__file__).parent / "payloads"
TOPIC = "arn:aws:sns:us-west-2:123456789012:MyTopic"
MAILGUN_KEY = "key-of-mailgun"
RESEND_SECRET = signatures.new_secret(SeededRandom("resend"))
SETTINGS = {
    "SES_TOPIC_ARN": TOPIC,
    "SENDGRID_WEBHOOK_KEY": base64.b64encode(spki(p256_key("sendgrid"))).decode(),
    "MAILGUN_SIGNING_KEY": MAILGUN_KEY,
    "RESEND_WEBHOOK_SECRET": RESEND_SECRET,
}
Request = tuple[Mapping[str, str], bytes]


def payload(provider: str, name: str | int) -> Any:
    return json.loads((PAYLOADS / f"{provider}.json").read_text())[name]


def amazon(request: HttpRequest) -> HttpResponse:
    """Amazon SNS, which hands out its certificate and takes confirmations."""
    return HttpResponse(200, {}, certificate("amazon") if request.url.endswith(".pem") else b"<xml/>")


def services(world: World, fetch: ScriptedFetch | None = None, settings: Mapping[str, str] | None = None) -> Services:
    values = {**SETTINGS, **world.settings, **(settings or {})}
    return replace(world.services, fetch=fetch or ScriptedFetch(amazon), settings=Settings(values))


def stamp(now: int) -> str:
    return f"{now // 1000}"


def iso(now: int) -> str:
    return datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sendgrid(events: Any, now: int, key: str = "sendgrid") -> Request:
    body = json.dumps(events).encode()
    signature = base64.b64encode(sign_p256(stamp(now).encode() + body, key)).decode()
    return {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": stamp(now),
    }, body


def mailgun(
    data: Any, now: int, key: str = MAILGUN_KEY, token: str = "651869375b9df3c98fc15c4889b102119add"
) -> Request:
    signature = hmac.new(key.encode(), (stamp(now) + token).encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": stamp(now), "token": token, "signature": signature}
    return {}, json.dumps({"signature": signed, "event-data": data}).encode()


def resend(content: Any, now: int, secret: str = RESEND_SECRET) -> Request:
    body = json.dumps(content).encode()
    signed = signatures.headers("msg_2W2D3qXLS5fOaPja1GDg7rF2CwB", now // 1000, body, [secret])
    return {name.replace("webhook", "svix"): value for name, value in signed.items()}, body


FIELDS = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}


def sns(name: str, now: int, version: str = "2", key: str = "amazon", **changes: Any) -> Request:
    """By the letter of AWS's page on verifying signatures."""
    message = payload("sns", name) | {"Timestamp": iso(now), "SignatureVersion": version} | changes
    lines = [f"{field}\n{message[field]}\n" for field in FIELDS[message["Type"]] if message.get(field) is not None]
    message["Signature"] = base64.b64encode(sign_rsa("".join(lines).encode(), version, key)).decode()
    return {"content-type": "text/plain; charset=UTF-8"}, json.dumps(message | _unsigned(changes)).encode()


def _unsigned(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: changes[name] for name in ("Signature",) if name in changes}


def ses(content: Any, now: int, **more: Any) -> Request:
    return sns("notification", now, Message=json.dumps(content) + "\n", **more)


def referring(provider: str, content: Any, reference: str) -> Any:
    """The payload with our reference where the provider puts it."""
    content = deepcopy(content)
    match provider:
        case "sendgrid":
            content["offload_reference"] = reference
        case "mailgun":
            content.setdefault("user-variables", {})["offload_reference"] = reference
        case "resend":
            content["data"].setdefault("tags", {})["offload_reference"] = reference
        case "ses":
            content["mail"].setdefault("tags", {})["offload_reference"] = [reference]
    return content


def request_of(provider: str, content: Any, now: int, **more: Any) -> Request:
    makers: dict[str, Callable[..., Request]] = {"sendgrid": sendgrid, "mailgun": mailgun, "resend": resend, "ses": ses}
    made = makers[provider]
    return made([content] if provider == "sendgrid" else content, now, **more)
