"""`sent` is the provider's word: what it documents of a mail that it took, and no other answer, whatever its status."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.errors import CredentialsRejected, OutcomeUnknown, ProviderBroken, SendFailure, TemporarilyRefused, Throttled
from providers import PROVIDERS
from providers.base import HttpProvider
from runtime.ports import HttpResponse
from tests.doubles.clock import ManualClock
from tests.providers.support import (
    CHECKED,
    HTTP_PROVIDERS,
    MAIL,
    SITE,
    TAKEN,
    always,
    answer,
    provider,
    services,
)

every_http_provider = pytest.mark.parametrize("kind", HTTP_PROVIDERS, ids=lambda kind: kind.name)

PORTAL = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works</body></html>"
HTML = {"content-type": "text/html"}

# By what they are; nobody's documented success
STRANGE = {
    "a captive portal": answer(200, PORTAL, HTML),
    "a portal that accepts": answer(202, PORTAL, HTML),
    "nothing": answer(200),
    "204": answer(204),
    "205": answer(205),
    "an empty object": answer(200, {}),
    "202 with an empty object": answer(202, {}),
    "a list": answer(200, [{"id": "id-1", "MessageId": "id-1"}]),
    "a number": answer(200, 7),
    "a text": answer(200, "id-1"),
    "null": answer(200, b"null"),
    "true": answer(200, b"true"),
    "broken off": answer(200, b'{"id": "id-1", "MessageId": "id-1'),
    "no text": answer(200, b"\xff\xfe"),
    "deep": answer(200, b"[" * 100_000),
    "an id that is no text": answer(200, {"id": 7, "MessageId": ["id-1"], "success": 1, "result": "ok"}),
    "an empty id": answer(200, {"id": "", "MessageId": "", "success": True, "result": {}}, {"x-message-id": ""}),
    "an error inside": answer(200, {"error": {"statusCode": 422, "message": "Invalid"}, "data": None}),
    "an error in its own form": answer(200, {"statusCode": 422, "name": "validation_error", "message": "Invalid"}),
    "an error of others": answer(200, {"__type": "MessageRejected", "errors": [{"message": "throttled"}]}),
}
# By provider: almost its own
ALMOST: dict[str, list[HttpResponse]] = {
    "cloudflare": [
        answer(200, {"result": {"delivered": ["a@b.example"]}}),
        answer(200, {"success": None, "result": {"delivered": ["a@b.example"]}}),
        answer(200, {"success": "true", "result": {"delivered": ["a@b.example"]}}),
        answer(200, {"success": True, "result": None}),
        answer(200, {"success": True, "result": {"delivered": [], "queued": [], "permanent_bounces": []}}),
        answer(200, {"errors": [{"code": 6003, "message": "Invalid request headers"}]}),
        answer(202, {"success": True, "result": {"delivered": ["a@b.example"]}}),
    ],
    "ses": [
        answer(200, {"messageId": "id-1"}),
        answer(200, {"MessageId": None}),
        answer(200, b"", {"x-amzn-errortype": "ThrottlingException"}),
        answer(201, {"MessageId": "id-1"}),
    ],
    "sendgrid": [
        answer(200, b"", {"x-message-id": "id-1"}),
        answer(201, b"", {"x-message-id": "id-1"}),
        answer(202),
        answer(202, {"message": "success"}),
    ],
    "mailgun": [answer(200, {"message": "Queued. Thank you."}), answer(202, {"id": "id-1"})],
    "resend": [
        answer(200, {"id": None}),
        answer(200, {"id": "id-1", "error": {"name": "validation_error"}}),
        answer(200, {"data": {"id": "id-1"}}),
        answer(202, {"id": "id-1"}),
    ],
}


async def failure_of(kind: type[HttpProvider], response: HttpResponse) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await provider(kind, always(response)).send(MAIL)
    return raised.value


def test_every_provider_is_in_the_tables() -> None:
    assert {kind.name for kind in HTTP_PROVIDERS} == set(TAKEN) == set(CHECKED) == set(ALMOST)
    assert set(PROVIDERS) - set(TAKEN) == {"sandbox"}  # whose word is the file that it has stored


@every_http_provider
async def test_what_it_documents_of_a_mail_that_it_took_is_a_mail_that_was_sent(kind: type[HttpProvider]) -> None:
    assert "id-1" in await provider(kind, always(TAKEN[kind.name])).send(MAIL)


@every_http_provider
async def test_the_right_words_are_right_whatever_the_content_is_called(kind: type[HttpProvider]) -> None:
    taken = TAKEN[kind.name]
    assert await provider(kind, always(replace(taken, headers={**taken.headers, **HTML}))).send(MAIL)


@every_http_provider
async def test_any_other_2xx_leaves_the_outcome_unknown(kind: type[HttpProvider]) -> None:
    for what, response in STRANGE.items():
        failure = await failure_of(kind, response)
        # a kind of outage: six of them pause the job, before thousands are in doubt
        assert (what, type(failure), failure.code) == (what, ProviderBroken, "undocumented_answer")
    assert issubclass(ProviderBroken, OutcomeUnknown)


@pytest.mark.parametrize(("name", "response"), [(name, one) for name, answers in ALMOST.items() for one in answers])
async def test_almost_its_own_word_is_not_its_word(name: str, response: HttpResponse) -> None:
    kind = PROVIDERS[name]
    assert issubclass(kind, HttpProvider)
    failure = await failure_of(kind, response)
    assert (type(failure), failure.code) == (ProviderBroken, "undocumented_answer")


@every_http_provider
async def test_a_redirect_is_neither_sent_nor_in_doubt(kind: type[HttpProvider]) -> None:
    for status in (300, 301, 302, 303, 304, 307, 308):
        failure = await failure_of(kind, replace(TAKEN[kind.name], status=status))
        assert (status, type(failure), failure.code) == (status, CredentialsRejected, "redirected")


@every_http_provider
async def test_a_check_is_passed_by_what_is_documented(kind: type[HttpProvider]) -> None:
    await provider(kind, always(CHECKED[kind.name])).check()


@every_http_provider
async def test_a_check_is_not_passed_by_any_other_2xx(kind: type[HttpProvider]) -> None:
    for what, response in STRANGE.items():
        with pytest.raises(TemporarilyRefused) as raised:
            await provider(kind, always(response)).check()
        assert (what, raised.value.code) == (what, "undocumented_answer")


@every_http_provider
@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize(
    "content",
    [
        {"name": "restricted_api_key", "__type": "AccessDeniedException", "SendingEnabled": "yes", "scopes": "all"},
        {"message": "from parameter is missing", "data": {}},
    ],
)
async def test_a_check_is_not_passed_by_words_that_belong_to_another_status(
    kind: type[HttpProvider], status: int, content: Mapping[str, Any]
) -> None:
    with pytest.raises(TemporarilyRefused):
        await provider(kind, always(answer(status, content))).check()


@every_http_provider
async def test_a_check_is_not_passed_by_a_portal_that_refuses(kind: type[HttpProvider]) -> None:
    with pytest.raises(TemporarilyRefused):
        await provider(kind, always(answer(400, PORTAL, HTML))).check()


NOW = 1_795_532_400_000  # 2026-11-24 15:00 UTC


@every_http_provider
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("Tue, 24 Nov 2026 15:02:00 +99999999999999999999", None),
        ("Tue, 24 Nov 99999 15:02:00 GMT", None),
        ("24 99999999999999999999 Nov 15:02:00", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("-60", None),
        ("-1e9", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("9" * 5000, None),
        ("4000000000", None),
        ("soon", None),
        (",", None),
        ("\N{ARABIC-INDIC DIGIT THREE}", None),
        ("Tue, 24 Nov 2026 15:02:00 -0000", 120.0),
        ("Tue, 24 Nov 2026 14:02:00 GMT", 0.0),
        (" 7 ", 7.0),
    ],
)
async def test_a_retry_after_that_is_broken_is_no_reason_to_doubt(
    kind: type[HttpProvider], told: str, seconds: float | None
) -> None:
    refusal = answer(429, {"name": "rate_limit_exceeded", "message": "x", "statusCode": 429}, {"retry-after": told})
    one = kind(replace(services(always(refusal)), clock=ManualClock(NOW)), SITE)
    with pytest.raises(Throttled) as raised:
        await one.send(MAIL)
    assert raised.value.retry_after is None if seconds is None else abs((raised.value.retry_after or 0) - seconds) < 1


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("sendgrid", answer(429, {}, {"x-ratelimit-reset": "9" * 12})),
        ("sendgrid", answer(429, {}, {"x-ratelimit-reset": "9" * 5000})),
        ("mailgun", answer(429, {"message": f"limit exceeded, try again after {'9' * 5000} hours"})),
        ("mailgun", answer(429, {"message": "limit exceeded, try again after 9999999999 seconds"})),
    ],
)
async def test_a_wait_in_a_provider_s_own_words_is_believed_up_to_a_month(name: str, refusal: HttpResponse) -> None:
    with pytest.raises(Throttled) as raised:
        await provider(PROVIDERS[name], always(refusal)).send(MAIL)
    assert raised.value.retry_after is None


# What the front door of Cloudflare's API says of the token and the account in our settings
@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (7003, "Could not route to /client/v4/accounts/school@example.org/email/sending/send, perhaps", "not_found"),
        (7000, "No route for that URI", "not_found"),
        (9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers", "unauthorized"),
        (9109, "Invalid access token", "unauthorized"),
        (9103, "Unknown X-Auth-Key or X-Auth-Email", "unauthorized"),
        (6003, "Invalid request headers", "unauthorized"),
        (10000, "Authentication error", "unauthorized"),
    ],
)
async def test_a_wrong_token_or_account_is_told_before_and_while_sending(
    status: int, number: int, words: str, code: str
) -> None:
    refusal = answer(status, {"success": False, "errors": [{"code": number, "message": words}], "result": None})
    cloudflare = PROVIDERS["cloudflare"]
    for attempt in (provider(cloudflare, always(refusal)).send(MAIL), provider(cloudflare, always(refusal)).check()):
        with pytest.raises(CredentialsRejected) as raised:
            await attempt
        assert (raised.value.code, "school@" in raised.value.detail) == (code, False)


@pytest.mark.parametrize("number", [True, 7003.5, "7003", None, [7003], {"7003": 1}])
async def test_a_number_that_is_none_is_not_looked_up(number: Any) -> None:
    refusal = answer(400, json.dumps({"success": False, "errors": [{"code": number, "message": []}]}).encode())
    with pytest.raises(SendFailure):
        await provider(PROVIDERS["cloudflare"], always(refusal)).send(MAIL)
