"""SendGrid, held to its API description and to the codes it documents."""

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import CredentialsRejected, ProviderDown, QuotaExhausted, Rejected, SendFailure, Throttled
from mail.message import Address, OutgoingMail
from providers.sendgrid import SendGrid
from runtime.ports import HttpResponse
from tests.doubles.sendgrid import errors_in
from tests.providers.support import ATTACHED, FILE, FILE_IN_BASE64, JOB, KEY, MAIL, always, answer, provider, request_of


async def payload_of(mail: OutgoingMail = MAIL) -> Any:
    return json.loads((await request_of(SendGrid, mail)).body)


async def refused(response: HttpResponse) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await provider(SendGrid, always(response)).send(MAIL)
    return raised.value


def problem(message: str, field: str | None = None) -> dict[str, Any]:
    return {"errors": [{"message": message, "field": field, "help": None}]}


@pytest.mark.parametrize("mail", [MAIL, ATTACHED, replace(MAIL, reply_to=None, text="", headers={})])
async def test_a_mail_is_as_the_description_says(mail: OutgoingMail) -> None:
    assert errors_in(await payload_of(mail)) == []


async def test_the_description_would_catch_a_wrong_member() -> None:
    payload = await payload_of()
    assert errors_in(payload | {"replyto": {}})
    assert errors_in({name: value for name, value in payload.items() if name != "from"})


async def test_a_mail_arrives_with_everything_it_has() -> None:
    request = await request_of(SendGrid)
    assert (request.method, request.url) == ("POST", "https://api.sendgrid.com/v3/mail/send")
    assert request.headers["Authorization"] == "Bearer SG.secret-of-sendgrid"
    assert json.loads(request.body) == {
        "personalizations": [
            {
                "to": [{"email": "amelie@xn--mnchen-3ya.example", "name": '"Amélie Müller, 3. Klasse"'}],
                "custom_args": {"offload_key": KEY, "offload_reference": MAIL.reference},
            }
        ],
        "from": {"email": "office@school.example", "name": "Żółta Szkoła 🎓"},
        "reply_to": {"email": "teacher@school.example", "name": 'Dr. "Bo" O\'Neil'},
        "subject": "Ваш курс начинается 🚀",
        "content": [{"type": "text/plain", "value": MAIL.text}, {"type": "text/html", "value": MAIL.html}],
        "headers": {
            "X-Entity-Ref-ID": KEY,
            "X-Offload-Job": JOB,
            "X-Course": "=?utf-8?B?RnJhbsOnYWlz?=",
            "Message-ID": MAIL.message_id,
        },
    }


async def test_a_file_is_attached_in_base64() -> None:
    payload = await payload_of(ATTACHED)
    assert payload.pop("attachments") == [
        {"content": FILE_IN_BASE64, "filename": FILE.name, "type": "application/pdf", "disposition": "attachment"}
    ]
    assert payload == await payload_of()


async def test_the_eu_is_another_endpoint() -> None:
    request = await request_of(SendGrid, SENDGRID_ENDPOINT="https://api.eu.sendgrid.com/")
    assert request.url == "https://api.eu.sendgrid.com/v3/mail/send"


@pytest.mark.parametrize(
    ("name", "written"),
    [("Ann Lee", "Ann Lee"), ('A "B" C', 'A "B" C'), ('Lee, "A\\B"', '"Lee, \\"A\\\\B\\""'), ("A; B", '"A; B"')],
)
async def test_only_a_name_that_sendgrid_would_break_is_quoted(name: str, written: str) -> None:
    payload = await payload_of(replace(MAIL, to=Address("a@b.example", name)))
    assert payload["personalizations"][0]["to"] == [{"email": "a@b.example", "name": written}]


async def test_the_message_id_is_kept() -> None:
    accepted = answer(202, b"", {"x-message-id": "14c5d75ce93.dfd.64b469"})
    assert await provider(SendGrid, always(accepted)).send(MAIL) == "14c5d75ce93.dfd.64b469"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, problem("Does not contain a valid address.", "personalizations.0.to.0.email"), Rejected, "rejected"),
        (400, problem("The from email is not valid.", "from.email"), CredentialsRejected, "sender_not_accepted"),
        (401, problem("The provided authorization grant is invalid"), CredentialsRejected, "unauthorized"),
        (401, problem("Maximum credits exceeded"), QuotaExhausted, "quota_exceeded"),
        (403, problem("The from address does not match a verified Sender"), CredentialsRejected, "forbidden"),
        (413, problem("payload too large"), Rejected, "too_large"),
        (429, problem("too many requests"), Throttled, "rate_limited"),
        (451, problem("Unavailable due to data residency restrictions"), CredentialsRejected, "data_residency"),
        (503, problem("not available"), ProviderDown, "service_unavailable"),
    ],
)
async def test_a_refusal_means_what_is_documented(status: int, body: Any, kind: type[SendFailure], code: str) -> None:
    failure = await refused(answer(status, body))
    assert (type(failure), failure.code, failure.detail) == (kind, code, body["errors"][0]["message"])


@pytest.mark.parametrize(("reset", "seconds"), [(1_795_000_042, 42.0), (1_794_000_000, 0.0)])
async def test_a_throttle_lasts_until_the_limit_is_reset(reset: int, seconds: float) -> None:
    failure = await refused(answer(429, problem("too many requests"), {"x-ratelimit-reset": str(reset)}))
    assert isinstance(failure, Throttled)
    assert failure.retry_after == seconds


async def test_a_key_that_may_send_passes_the_check() -> None:
    fetch = always(answer(200, {"scopes": ["alerts.read", "mail.send"]}))
    await provider(SendGrid, fetch).check()
    assert (fetch.requests[0].method, fetch.requests[0].url) == ("GET", "https://api.sendgrid.com/v3/scopes")


async def test_a_key_that_may_not_send_is_told_before_anything_is_sent() -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await provider(SendGrid, always(answer(200, {"scopes": ["alerts.read"]}))).check()
    assert raised.value.code == "missing_scope"
