"""Resend, held to its documented request and error names."""

import json
from dataclasses import replace
from mimetypes import guess_type

import pytest

from core.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    ProviderBroken,
    QuotaExhausted,
    Rejected,
    SendFailure,
    Throttled,
)
from mail.message import Address
from providers.resend import Resend
from runtime.ports import HttpResponse
from tests.providers.support import ATTACHED, FILE, FILE_IN_BASE64, JOB, KEY, MAIL, always, answer, provider, request_of


def problem(status: int, name: str, message: str = "why") -> HttpResponse:
    return answer(status, {"statusCode": status, "name": name, "message": message}, {"retry-after": "3"})


async def test_a_mail_arrives_with_everything_it_has() -> None:
    request = await request_of(Resend)
    assert (request.method, request.url) == ("POST", "https://api.resend.com/emails")
    assert request.headers["Authorization"] == "Bearer re_secret-of-resend"
    assert json.loads(request.body) == {
        "from": "Żółta Szkoła 🎓 <office@school.example>",
        "to": ["=?utf-8?B?QW3DqWxpZSBNw7xsbGVyLCAzLiBLbGFzc2U=?= <amelie@xn--mnchen-3ya.example>"],
        "reply_to": ["=?utf-8?B?RHIuICJCbyIgTydOZWls?= <teacher@school.example>"],
        "subject": MAIL.subject,
        "html": MAIL.html,
        "text": MAIL.text,
        "headers": {"X-Entity-Ref-ID": KEY, "X-Offload-Job": JOB, "X-Course": "=?utf-8?B?RnJhbsOnYWlz?="},
        "tags": [
            {"name": "offload_key", "value": KEY},
            {"name": "offload_reference", "value": MAIL.reference},
        ],
    }


async def test_a_file_is_attached_in_base64_with_the_type_that_its_name_has() -> None:
    request = await request_of(Resend, ATTACHED)
    payload = json.loads(request.body)
    assert request.url == "https://api.resend.com/emails"  # the batch endpoint takes no attachments
    assert request.headers["Idempotency-Key"] == KEY
    assert payload.pop("attachments") == [
        {"content": FILE_IN_BASE64, "filename": FILE.name, "content_type": guess_type(FILE.name)[0]}
    ]
    assert payload == json.loads((await request_of(Resend)).body)


async def test_an_address_without_a_name_stands_alone() -> None:
    bare = replace(MAIL, sender=Address("a@school.example"), to=Address("b@school.example"), reply_to=None)
    payload = json.loads((await request_of(Resend, bare)).body)
    assert (payload["from"], payload["to"]) == ("a@school.example", ["b@school.example"])
    assert "reply_to" not in payload


async def test_the_key_is_resend_s_idempotency_key_for_a_day() -> None:
    request = await request_of(Resend)
    assert request.headers["Idempotency-Key"] == KEY
    assert len(KEY) <= 256
    assert Resend.key_window == 86_400


async def test_the_message_id_is_kept() -> None:
    accepted = answer(200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})
    assert await provider(Resend, always(accepted)).send(MAIL) == "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"


@pytest.mark.parametrize(
    ("status", "name", "kind", "code"),
    [
        (400, "validation_error", Rejected, "validation_error"),
        (400, "invalid_idempotency_key", Rejected, "rejected"),
        (401, "missing_api_key", CredentialsRejected, "unauthorized"),
        (401, "restricted_api_key", CredentialsRejected, "unauthorized"),
        (400, "invalid_api_key", CredentialsRejected, "unauthorized"),
        (403, "invalid_api_key", CredentialsRejected, "unauthorized"),
        (403, "validation_error", CredentialsRejected, "sender_not_verified"),
        (404, "not_found", CredentialsRejected, "not_found"),
        (405, "method_not_allowed", CredentialsRejected, "method_not_allowed"),
        (422, "invalid_from_address", CredentialsRejected, "sender_not_accepted"),
        (422, "missing_required_field", Rejected, "rejected"),
        (429, "rate_limit_exceeded", Throttled, "rate_limited"),
        (429, "daily_quota_exceeded", QuotaExhausted, "daily_quota_exceeded"),
        (429, "monthly_quota_exceeded", QuotaExhausted, "monthly_quota_exceeded"),
        (451, "security_error", Rejected, "security_error"),
        (500, "application_error", ProviderBroken, "server_error"),
        (500, "internal_server_error", ProviderBroken, "server_error"),
    ],
)
async def test_a_refusal_means_what_is_documented(status: int, name: str, kind: type[SendFailure], code: str) -> None:
    with pytest.raises(SendFailure) as raised:
        await provider(Resend, always(problem(status, name))).send(MAIL)
    failure = raised.value
    assert (type(failure), failure.code, failure.detail) == (kind, code, "why")
    if isinstance(failure, Throttled):
        assert failure.retry_after == 3.0


@pytest.mark.parametrize("name", ["invalid_idempotent_request", "concurrent_idempotent_requests"])
async def test_an_earlier_attempt_on_record_leaves_the_outcome_unknown(name: str) -> None:
    with pytest.raises(OutcomeUnknown):
        await provider(Resend, always(problem(409, name))).send(MAIL)


@pytest.mark.parametrize(
    "response", [answer(200, {"data": []}), problem(401, "restricted_api_key")], ids=["full access", "sending access"]
)
async def test_either_kind_of_key_passes_the_check(response: HttpResponse) -> None:
    fetch = always(response)
    await provider(Resend, fetch).check()
    assert (fetch.requests[0].method, fetch.requests[0].url) == ("GET", "https://api.resend.com/domains")


@pytest.mark.parametrize("status", [400, 403])
async def test_a_wrong_key_is_told_before_anything_is_sent(status: int) -> None:
    with pytest.raises(CredentialsRejected):
        await provider(Resend, always(problem(status, "invalid_api_key"))).check()
