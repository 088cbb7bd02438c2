"""A mail with everything, and a provider whose answers a test writes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mail.message import Address, Attachment, OutgoingMail
from providers import PROVIDERS
from providers.base import HttpProvider, Provider
from runtime.ports import Fetch, HttpRequest, HttpResponse
from runtime.services import Services
from runtime.settings import Settings
from tests.doubles.bindings import CountingLimiter, MemoryBucket, RecordingQueue, ScriptedFetch
from tests.doubles.clock import ManualClock, SeededRandom
from tests.doubles.crypto import HostCrypto
from tests.doubles.d1 import SqliteDatabase

KEY = "5f" * 32
SITE = "site_" + "a" * 32
JOB = "job_" + "b" * 32
NEEDED = [setting for provider in PROVIDERS.values() for setting in provider.required]
# a value for whatever a provider needs; some as its documentation has them
SECRETS = {setting.name: f"value-of-{setting.name}" for setting in NEEDED if setting.secret} | {
    "SES_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "SES_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "SENDGRID_API_KEY": "SG.secret-of-sendgrid",
    "MAILGUN_API_KEY": "key-secret-of-mailgun",
    "RESEND_API_KEY": "re_secret-of-resend",
    "CLOUDFLARE_API_TOKEN": "secret-of-cloudflare",
}
SETTINGS = {
    **{setting.name: f"value-of-{setting.name}" for setting in NEEDED},
    **SECRETS,
    "MAILGUN_DOMAIN": "mg.school.example",
    "CLOUDFLARE_ACCOUNT_ID": "0123456789abcdef",
}
HTTP_PROVIDERS = [provider for provider in PROVIDERS.values() if issubclass(provider, HttpProvider)]

MAIL = OutgoingMail(
    key=KEY,
    message_id=f"<{KEY[:32]}@school.example>",
    sender=Address("office@school.example", "Żółta Szkoła 🎓"),
    to=Address("amelie@xn--mnchen-3ya.example", "Amélie Müller, 3. Klasse"),
    subject="Ваш курс начинается 🚀",
    html="<p>Здравствуйте, <b>Amélie</b>\n&amp; всё</p>",
    text="Здравствуйте, Amélie\n& всё\n",
    reply_to=Address("teacher@school.example", 'Dr. "Bo" O\'Neil'),
    headers={"X-Entity-Ref-ID": KEY, "X-Offload-Job": JOB, "X-Course": "Français"},
    reference=f"{JOB}-17",
)

FILE = Attachment("certificate-7K2M.pdf", "application/pdf", b"%PDF-1.7\r\n--=_\x00\xff\n.\n")
FILE_IN_BASE64 = "JVBERi0xLjcNCi0tPV8A/wouCg=="
ATTACHED = replace(MAIL, attachments=(FILE,))


def services(fetch: Fetch, settings: Mapping[str, str] = SETTINGS) -> Services:
    return Services(
        database=SqliteDatabase(),
        files=MemoryBucket(),
        batches=RecordingQueue(),
        callbacks=RecordingQueue(),
        dead_letters=RecordingQueue(),
        fetch=fetch,
        clock=ManualClock(),
        random=SeededRandom(),
        crypto=HostCrypto(),
        page_limit=CountingLimiter(),
        sign_in_limit=CountingLimiter(),
        event_limit=CountingLimiter(),
        settings=Settings(settings),
    )


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, dict(headers or {}), body if isinstance(body, bytes) else json.dumps(body).encode())


# What each documents of a mail that it took, and of a check that it passes
TAKEN = {
    "cloudflare": answer(200, {"success": True, "result": {"delivered": ["a@b.example"], "message_id": "id-1"}}),
    "ses": answer(200, {"MessageId": "id-1"}),
    "sendgrid": answer(202, b"", {"x-message-id": "id-1"}),
    "mailgun": answer(200, {"id": "id-1", "message": "Queued. Thank you."}),
    "resend": answer(200, {"id": "id-1"}),
}
CHECKED = {
    "cloudflare": answer(
        400, {"success": False, "errors": [{"code": 10001, "message": "email.sending.error.invalid_request_schema"}]}
    ),
    "ses": answer(200, {"SendingEnabled": True}),
    "sendgrid": answer(200, {"scopes": ["mail.send"]}),
    "mailgun": answer(400, {"message": "from parameter is missing"}),
    "resend": answer(200, {"object": "list", "data": []}),
}


def always(response: HttpResponse | Exception) -> ScriptedFetch:
    def reply(_request: HttpRequest) -> HttpResponse:
        if isinstance(response, Exception):
            raise response
        return response

    return ScriptedFetch(reply)


def names_of(kind: type[Provider]) -> list[str]:
    """The settings without which it sends nothing."""
    return [setting.name for setting in kind.required]


def provider(kind: type[Provider], fetch: Fetch, settings: Mapping[str, str] = SETTINGS) -> Provider:
    return kind(services(fetch, settings), SITE)


async def request_of(kind: type[Provider], mail: OutgoingMail = MAIL, **settings: str) -> HttpRequest:
    """The one request that sending this mail makes."""
    fetch = always(TAKEN[kind.name])
    await provider(kind, fetch, SETTINGS | settings).send(mail)
    (request,) = fetch.requests
    return request
