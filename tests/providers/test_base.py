"""Every provider keeps the promises that all of them share."""

import re
from dataclasses import replace

import pytest

from core.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    NotAccepted,
    OutcomeUnknown,
    Rejected,
    ResponseLost,
    SendFailure,
    TemporarilyRefused,
    Throttled,
    TransportError,
)
from mail.message import Address, OutgoingMail
from providers import PROVIDERS, provider_for
from providers.base import BY_STATUS, HttpProvider, Provider
from tests.doubles.clock import ManualClock
from tests.providers.support import (
    ATTACHED,
    FILE,
    HTTP_PROVIDERS,
    JOB,
    KEY,
    MAIL,
    SECRETS,
    SETTINGS,
    SITE,
    TAKEN,
    always,
    answer,
    names_of,
    provider,
    services,
)

every_http_provider = pytest.mark.parametrize("kind", HTTP_PROVIDERS, ids=lambda kind: kind.name)
every_provider = pytest.mark.parametrize("kind", PROVIDERS.values(), ids=lambda kind: kind.name)


async def failure_of(kind: type[Provider], status: int, body: bytes = b"", **headers: str) -> SendFailure:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(SendFailure) as raised:
        await provider(kind, always(answer(status, body, names))).send(MAIL)
    return raised.value


def test_a_site_may_choose_the_six_providers() -> None:
    assert set(PROVIDERS) >= {"sandbox", "cloudflare", "ses", "sendgrid", "mailgun", "resend"}


def test_an_unknown_provider_is_told_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match="'postcard'"):
        provider_for("postcard", services(always(answer(200))), SITE)


@every_http_provider
async def test_a_failed_connection_is_certainly_not_accepted(kind: type[HttpProvider]) -> None:
    with pytest.raises(TemporarilyRefused) as raised:
        await provider(kind, always(ConnectionFailed("refused"))).send(MAIL)
    assert raised.value.code == "connection_failed"


@every_http_provider
async def test_a_lost_response_leaves_the_outcome_unknown(kind: type[HttpProvider]) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        await provider(kind, always(ResponseLost("timeout"))).send(MAIL)
    assert raised.value.code == "response_lost"


@every_http_provider
async def test_one_mail_is_one_request(kind: type[HttpProvider]) -> None:
    fetch = always(ResponseLost("timeout"))
    with pytest.raises(OutcomeUnknown):
        await provider(kind, fetch).send(MAIL)
    assert len(fetch.requests) == 1


@every_http_provider
@pytest.mark.parametrize("status", [500, 502, 504, 520])
async def test_a_server_error_leaves_the_outcome_unknown(kind: type[HttpProvider], status: int) -> None:
    assert isinstance(await failure_of(kind, status, b"<h1>oops</h1>"), OutcomeUnknown)


@every_http_provider
@pytest.mark.parametrize("status", sorted(BY_STATUS))
async def test_an_undocumented_answer_means_what_its_status_says(kind: type[HttpProvider], status: int) -> None:
    meaning, code = BY_STATUS[status]
    failure = await failure_of(kind, status)
    assert (type(failure), failure.code, failure.detail) == (meaning, code, f"HTTP {status}")


@every_http_provider
@pytest.mark.parametrize("status", [400, 406, 422, 499])
async def test_any_other_refusal_fails_only_this_person(kind: type[HttpProvider], status: int) -> None:
    assert isinstance(await failure_of(kind, status, b"{}"), Rejected)


@every_http_provider
async def test_a_redirect_is_not_followed_and_concerns_everybody(kind: type[HttpProvider]) -> None:
    assert isinstance(await failure_of(kind, 301, location="https://elsewhere.example/"), CredentialsRejected)


@every_http_provider
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("soon", None),
        ("nan", None),
        ("-3", None),
        ("", None),
        ("2678400", 2_678_400.0),
        ("2678401", None),
    ],
)
async def test_a_throttle_keeps_the_seconds_it_was_told(
    kind: type[HttpProvider], told: str, seconds: float | None
) -> None:
    failure = await failure_of(kind, 429, b"{}", retry_after=told)
    assert isinstance(failure, Throttled)
    assert failure.retry_after == seconds


@every_http_provider
async def test_a_throttle_may_be_told_as_a_date(kind: type[HttpProvider]) -> None:
    clock = ManualClock(1_795_532_400_000)  # 2026-11-24 15:00 UTC
    told = answer(429, b"{}", {"retry-after": "Tue, 24 Nov 2026 15:02:00 GMT"})
    one = kind(replace(services(always(told)), clock=clock), SITE)
    with pytest.raises(Throttled) as raised:
        await one.send(MAIL)
    assert raised.value.retry_after == 120.0


@every_http_provider
async def test_the_key_is_in_every_request(kind: type[HttpProvider]) -> None:
    mail = replace(MAIL, headers={"X-Offload-Job": JOB, "X-Entity-Ref-ID": KEY})
    fetch = always(TAKEN[kind.name])
    await provider(kind, fetch).send(mail)
    assert KEY.encode() in fetch.requests[0].body


@every_http_provider
async def test_the_same_mail_makes_the_same_request(kind: type[HttpProvider]) -> None:
    requests = []
    for _ in range(2):
        fetch = always(TAKEN[kind.name])
        await provider(kind, fetch).send(MAIL)
        requests += fetch.requests
    assert requests[0] == requests[1]


@every_http_provider
async def test_http_headers_are_ascii_whatever_the_mail_says(kind: type[HttpProvider]) -> None:
    fetch = always(TAKEN[kind.name])
    await provider(kind, fetch).send(MAIL)
    for name, value in fetch.requests[0].headers.items():
        assert (name + value).isascii()
        assert (name + value).isprintable()
    assert fetch.requests[0].headers["User-Agent"]
    assert fetch.requests[0].url.startswith("https://")


@every_http_provider
async def test_a_lone_surrogate_does_not_stop_a_mail(kind: type[HttpProvider]) -> None:
    mail = replace(MAIL, subject="\ud800", html="<p>\ud800</p>", to=Address("a@school.example", "\ud800"))
    assert "id-1" in await provider(kind, always(TAKEN[kind.name])).send(mail)


@every_provider
@pytest.mark.parametrize("line_break", ["\r\nBcc: all@school.example", "\nX-A: b", "\r", "\0"])
@pytest.mark.parametrize(
    "field", ["subject", "message_id", "key", "sender", "to", "to address", "reply_to", "header", "header name"]
)
async def test_a_line_break_never_reaches_a_header(kind: type[Provider], field: str, line_break: str) -> None:
    fetch = always(answer(200, {}))
    with pytest.raises(Rejected) as raised:
        await provider(kind, fetch).send(_with_line_break(field, line_break))
    assert raised.value.code == "header_injection"
    assert fetch.requests == []


def _with_line_break(field: str, line_break: str) -> OutgoingMail:
    address = Address("a@school.example", f"A{line_break}")
    match field:
        case "subject":
            return replace(MAIL, subject=f"A{line_break}")
        case "message_id":
            return replace(MAIL, message_id=f"<a@b>{line_break}")
        case "key":
            return replace(MAIL, key=KEY + line_break)
        case "sender":
            return replace(MAIL, sender=address)
        case "to":
            return replace(MAIL, to=address)
        case "to address":
            return replace(MAIL, to=Address(f"a@school.example{line_break}"))
        case "reply_to":
            return replace(MAIL, reply_to=address)
        case "header":
            return replace(MAIL, headers={**MAIL.headers, "X-A": f"A{line_break}"})
        case _:
            return replace(MAIL, headers={**MAIL.headers, f"X-A{line_break}": "A"})


@every_provider
@pytest.mark.parametrize("name", ["a\r\nb.pdf", 'a"; filename="b.exe', "a b.pdf", "é.pdf", "a;b.pdf"])
async def test_a_file_s_name_never_ends_its_header(kind: type[Provider], name: str) -> None:
    for file in (replace(FILE, name=name), replace(FILE, content_type=f"application/{name}")):
        fetch = always(answer(200, {}))
        with pytest.raises(Rejected) as raised:
            await provider(kind, fetch).send(replace(MAIL, attachments=(file,)))
        assert raised.value.code == "header_injection"
        assert fetch.requests == []


@every_http_provider
async def test_a_mail_without_a_file_is_the_same_as_ever(kind: type[HttpProvider]) -> None:
    plain, attached = always(TAKEN[kind.name]), always(TAKEN[kind.name])
    await provider(kind, plain).send(MAIL)
    await provider(kind, attached).send(ATTACHED)
    assert b"ttachment" not in plain.requests[0].body
    assert (b"ttachment" in attached.requests[0].body) == (kind.attachment_limit > 0)
    assert len(attached.requests) == 1
    assert len(attached.requests[0].body) <= ATTACHED.most_bytes


@every_http_provider
@pytest.mark.parametrize("status", [500, 413])
async def test_a_refused_file_is_told_as_any_refusal_is(kind: type[HttpProvider], status: int) -> None:
    with pytest.raises(SendFailure) as raised:
        await provider(kind, always(answer(status))).send(ATTACHED)
    assert raised.value.code == BY_STATUS.get(status, (None, "server_error"))[1]


@every_http_provider
@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500])
async def test_an_error_names_neither_a_secret_nor_a_person(kind: type[HttpProvider], status: int) -> None:
    words = f"key {' '.join(SECRETS[name] for name in names_of(kind) if name in SECRETS)} for {MAIL.to.email}".encode()
    failure = await failure_of(kind, status, words + b" " + b"x" * 1000)
    assert not any(secret in str(failure) for secret in SECRETS.values())
    assert "amelie" not in str(failure)
    assert "***@xn--mnchen-3ya.example" in failure.detail
    assert len(failure.detail) <= 500


@every_http_provider
async def test_a_huge_answer_is_cut_short_without_delay(kind: type[HttpProvider]) -> None:
    failure = await failure_of(kind, 400, b"x" * 1_000_000)
    assert failure.detail == "x" * 500


@every_http_provider
async def test_a_missing_secret_stops_the_job_and_not_a_person(kind: type[HttpProvider]) -> None:
    for name in names_of(kind):
        fetch = always(answer(200, {}))
        without = {other: value for other, value in SETTINGS.items() if other != name}
        with pytest.raises(CredentialsRejected, match=name) as raised:
            await provider(kind, fetch, without).send(MAIL)
        assert raised.value.code == "not_configured"
        with pytest.raises(ConfigurationError, match=name):
            await provider(kind, fetch, without).check()
        assert fetch.requests == []


@every_http_provider
async def test_a_secret_with_a_line_break_in_it_is_told_by_name_without_its_value(kind: type[HttpProvider]) -> None:
    name = names_of(kind)[0]
    with pytest.raises(ConfigurationError, match=name) as raised:
        await provider(kind, always(answer(200)), SETTINGS | {name: "se\ncret"}).check()
    assert "se" not in str(raised.value).replace(name, "").replace("characters", "").replace("has", "")


@every_http_provider
async def test_a_secret_may_have_been_pasted_with_a_newline_at_its_end(kind: type[HttpProvider]) -> None:
    plain, pasted = always(TAKEN[kind.name]), always(TAKEN[kind.name])
    await provider(kind, plain).send(MAIL)
    await provider(kind, pasted, SETTINGS | {name: SETTINGS[name] + "\n" for name in names_of(kind)}).send(MAIL)
    assert plain.requests == pasted.requests


@every_http_provider
@pytest.mark.parametrize("status", [401, 403])
async def test_a_check_tells_that_the_key_is_wrong(kind: type[HttpProvider], status: int) -> None:
    with pytest.raises(CredentialsRejected):
        await provider(kind, always(answer(status, {"message": "no"}))).check()


@every_http_provider
@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_check_that_the_provider_could_not_answer_says_nothing_on_the_key(
    kind: type[HttpProvider], status: int
) -> None:
    with pytest.raises(TemporarilyRefused):
        await provider(kind, always(answer(status, b"busy"))).check()


@every_http_provider
async def test_a_check_without_a_connection_is_a_transport_error(kind: type[HttpProvider]) -> None:
    with pytest.raises(TransportError):
        await provider(kind, always(ConnectionFailed("refused"))).check()


@every_http_provider
async def test_a_check_is_quick_and_shows_nobody_in_it(kind: type[HttpProvider]) -> None:
    fetch = always(answer(500))
    with pytest.raises(TemporarilyRefused):
        await provider(kind, fetch).check()
    (request,) = fetch.requests
    assert request.timeout <= 10
    assert not re.search(rb"@", request.body)


@every_provider
def test_every_provider_says_how_fast_it_may_be_used(kind: type[Provider]) -> None:
    assert kind.default_rate > 0
    assert kind.key_window >= 0
    assert kind.name in PROVIDERS


def test_what_certainly_was_not_sent_is_never_the_unknown_outcome() -> None:
    assert not any(issubclass(kind, OutcomeUnknown) for kind, _ in BY_STATUS.values())
    assert all(issubclass(kind, NotAccepted) for kind, _ in BY_STATUS.values())
