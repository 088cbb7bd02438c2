"""Cloudflare Email Service, held to its documented request, answers and messages."""

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    ProviderBroken,
    ProviderDown,
    Rejected,
    SendFailure,
    Throttled,
)
from mail.message import Address
from providers.cloudflare import Cloudflare
from runtime.ports import HttpResponse
from tests.providers.support import ATTACHED, FILE, FILE_IN_BASE64, JOB, KEY, MAIL, always, answer, provider, request_of

URL = "https://api.cloudflare.com/client/v4/accounts/0123456789abcdef/email/sending/send"


def envelope(status: int, code: int, message: str) -> HttpResponse:
    return answer(status, {"success": False, "errors": [{"code": code, "message": message}], "result": None})


def result(**parts: Any) -> HttpResponse:
    empty: dict[str, Any] = {"delivered": [], "permanent_bounces": [], "queued": []}
    return answer(200, {"success": True, "errors": [], "messages": [], "result": empty | parts})


async def refused(response: HttpResponse) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await provider(Cloudflare, always(response)).send(MAIL)
    return raised.value


async def test_a_mail_arrives_with_everything_it_has() -> None:
    request = await request_of(Cloudflare)
    assert (request.method, request.url) == ("POST", URL)
    assert request.headers["Authorization"] == "Bearer secret-of-cloudflare"
    assert json.loads(request.body) == {
        "from": {"address": "office@school.example", "name": "Żółta Szkoła 🎓"},
        "to": {"address": "amelie@xn--mnchen-3ya.example", "name": "Amélie Müller, 3. Klasse"},
        "reply_to": {"address": "teacher@school.example", "name": 'Dr. "Bo" O\'Neil'},
        "subject": MAIL.subject,
        "html": MAIL.html,
        "text": MAIL.text,
        "headers": {"X-Entity-Ref-ID": KEY, "X-Offload-Job": JOB, "X-Course": "=?utf-8?B?RnJhbsOnYWlz?="},
    }


async def test_a_file_is_attached_in_base64() -> None:
    payload = json.loads((await request_of(Cloudflare, ATTACHED)).body)
    assert payload.pop("attachments") == [
        {"content": FILE_IN_BASE64, "filename": FILE.name, "type": "application/pdf", "disposition": "attachment"}
    ]
    assert payload == json.loads((await request_of(Cloudflare)).body)


async def test_an_address_without_a_name_stands_alone() -> None:
    payload = json.loads(
        (await request_of(Cloudflare, replace(MAIL, to=Address("b@school.example"), reply_to=None))).body
    )
    assert payload["to"] == {"address": "b@school.example"}
    assert "reply_to" not in payload


async def test_a_message_id_is_kept_in_brackets_so_that_its_events_find_it() -> None:
    accepted = result(delivered=[MAIL.to.email], message_id="0101018f7d0c4d9a-msg-deadbeef")
    assert await provider(Cloudflare, always(accepted)).send(MAIL) == "<0101018f7d0c4d9a-msg-deadbeef>"


@pytest.mark.parametrize("how", ["delivered", "queued"])
async def test_the_message_id_is_kept_where_there_is_one(how: str) -> None:
    accepted = result(**{how: [MAIL.to.email]}, message_id="<1@cf.example>", suppressed_recipients=[])
    assert await provider(Cloudflare, always(accepted)).send(MAIL) == "<1@cf.example>"
    assert await provider(Cloudflare, always(result(**{how: [MAIL.to.email]}))).send(MAIL) == ""


async def test_a_bounce_told_at_once_fails_the_person() -> None:
    failure = await refused(result(permanent_bounces=[MAIL.to.email]))
    assert (type(failure), failure.code) == (Rejected, "mailbox_unavailable")


async def test_a_suppressed_person_fails() -> None:
    failure = await refused(result(suppressed_recipients=[MAIL.to.email]))
    assert (type(failure), failure.code) == (Rejected, "suppressed_by_provider")


@pytest.mark.parametrize(
    ("status", "number", "message", "kind", "code"),
    [
        (400, 10001, "invalid_request_schema", Rejected, "invalid_request"),
        (400, 10200, "email.too_big", Rejected, "too_large"),
        (400, 10202, "email.too_big", Rejected, "too_large"),
        (400, 10201, "email.no_content_length", Rejected, "invalid_mail"),
        (400, 10202, "email.invalid", Rejected, "invalid_mail"),
        (401, 10101, "authentication.unauthorized", CredentialsRejected, "unauthorized"),
        (401, 10103, "authentication.bad_token_type", CredentialsRejected, "bad_token_type"),
        (403, 10102, "authentication.forbidden", CredentialsRejected, "forbidden"),
        (403, 10105, "authentication.not_entitled", CredentialsRejected, "not_entitled"),
        (403, 10203, "email.sending_disabled", CredentialsRejected, "sending_disabled"),
        (403, 10204, "email.sender_not_configured", CredentialsRejected, "sender_not_verified"),
        (404, 10000, "not_found", CredentialsRejected, "not_found"),
        (429, 10004, "throttled", Throttled, "rate_limited"),
        (500, 10002, "internal_server", ProviderBroken, "server_error"),
        (500, 10003, "not_implemented", CredentialsRejected, "not_implemented"),
        (503, 10100, "authentication.upstream", ProviderDown, "authentication_unavailable"),
    ],
)
async def test_a_refusal_means_what_is_documented(
    status: int, number: int, message: str, kind: type[SendFailure], code: str
) -> None:
    failure = await refused(envelope(status, number, f"email.sending.error.{message}"))
    assert (type(failure), failure.code) == (kind, code)
    assert failure.detail == f"{number} email.sending.error.{message}"


async def test_a_malformed_token_is_refused_by_the_api_s_front_door() -> None:
    assert isinstance(await refused(envelope(400, 6003, "Invalid request headers")), CredentialsRejected)


async def test_a_200_that_says_it_failed_is_a_refusal() -> None:
    failure = await refused(envelope(200, 10202, "email.sending.error.email.invalid"))
    assert (type(failure), failure.code) == (Rejected, "invalid_mail")
    assert isinstance(await refused(envelope(200, 1, "something new")), OutcomeUnknown)


async def test_a_token_that_may_send_passes_the_check_by_an_empty_mail() -> None:
    fetch = always(envelope(400, 10001, "email.sending.error.invalid_request_schema"))
    await provider(Cloudflare, fetch).check()
    assert (fetch.requests[0].method, fetch.requests[0].url, fetch.requests[0].body) == ("POST", URL, b"{}")


@pytest.mark.parametrize(
    "response",
    [
        envelope(401, 10101, "email.sending.error.authentication.unauthorized"),
        envelope(403, 10105, "email.sending.error.authentication.not_entitled"),
        envelope(400, 6003, "Invalid request headers"),
        envelope(404, 7003, "Could not route to /accounts/x/email/sending/send"),
    ],
)
async def test_a_token_or_account_that_is_wrong_is_told_before_anything_is_sent(response: HttpResponse) -> None:
    with pytest.raises(CredentialsRejected):
        await provider(Cloudflare, always(response)).check()
