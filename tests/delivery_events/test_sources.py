"""Each provider's documented payloads come out as one vocabulary; nothing unproven comes through."""

import json
from typing import Any

import pytest

from core.errors import ConfigurationError, EventMalformed, EventUnproven
from delivery_events import SOURCES
from delivery_events.base import DeliveryEvent, Kind
from tests.delivery_events.support import MAILGUN_KEY, payload, referring, request_of, services
from tests.worlds.world import World

REFERENCE = f"job_{'4e2a' * 8}-17"
CASES: list[tuple[str, str | int, Kind | None, str]] = [
    ("ses", "bounce", Kind.HARD_BOUNCE, "General smtp; 550 5.1.1 <***@example.com>... User unknown"),
    ("ses", "transient", Kind.SOFT_BOUNCE, "MailboxFull"),
    ("ses", "complaint", Kind.COMPLAINT, "abuse"),
    ("ses", "delivery", Kind.DELIVERED, ""),
    ("ses", "delay", Kind.DEFERRED, "TransientCommunicationFailure smtp; 421 4.4.1 Unable to connect to remote host"),
    ("ses", "reject", Kind.DROPPED, "Bad content"),
    ("ses", "rendering", Kind.DROPPED, "Attribute 'attributeName' is not present in the rendering data."),
    ("ses", "subscription", Kind.UNSUBSCRIBE, ""),
    ("ses", "send", None, ""),
    ("ses", "open", None, ""),
    ("sendgrid", 0, None, ""),
    ("sendgrid", 1, Kind.DEFERRED, "400 try again later"),
    ("sendgrid", 2, Kind.DELIVERED, "250 OK"),
    ("sendgrid", 3, None, ""),
    (
        *("sendgrid", 4, Kind.HARD_BOUNCE),
        "5.1.1 550 5.1.1 The email account ***@example.com that you tried to reach does not exist.",
    ),
    ("sendgrid", 5, Kind.SOFT_BOUNCE, "5.0.0 500 unknown recipient"),
    ("sendgrid", 6, Kind.DROPPED, "Invalid"),
    ("sendgrid", 7, Kind.COMPLAINT, ""),
    ("sendgrid", 8, Kind.UNSUBSCRIBE, ""),
    ("sendgrid", 9, Kind.UNSUBSCRIBE, ""),
    ("mailgun", "delivered", Kind.DELIVERED, "OK"),
    (
        *("mailgun", "permanent", Kind.HARD_BOUNCE),
        "5.1.1 The email account ***@example.com that you tried to reach does not exist. Please try 5.1.1 "
        "double-checking the recipient's email address for typos",
    ),
    ("mailgun", "suppressed", Kind.DROPPED, "Not delivering to previously bounced address"),
    ("mailgun", "temporary", Kind.DEFERRED, "No MX for nomx.example.com"),
    ("mailgun", "complained", Kind.COMPLAINT, ""),
    ("mailgun", "unsubscribed", Kind.UNSUBSCRIBE, ""),
    (
        *("mailgun", "rejected", Kind.DROPPED),
        "Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized "
        "recipients in Account Settings.",
    ),
    ("mailgun", "opened", None, ""),
    ("resend", "sent", None, ""),
    ("resend", "delivered", Kind.DELIVERED, ""),
    (
        *("resend", "bounced", Kind.HARD_BOUNCE),
        "Suppressed The recipient's email address is on the suppression list because it has a recent history of "
        "producing hard bounces.",
    ),
    ("resend", "transient", Kind.SOFT_BOUNCE, "MailboxFull The recipient's inbox was full."),
    (
        *("resend", "untyped", Kind.HARD_BOUNCE),
        "The recipient's email provider sent a hard bounce message, but didn't specify the reason for the hard bounce.",
    ),
    ("resend", "delayed", Kind.DEFERRED, ""),
    ("resend", "complained", Kind.COMPLAINT, ""),
    ("resend", "failed", Kind.DROPPED, "reached_daily_quota"),
]
SIGNED = list(SOURCES)
BODY_SIGNED = [provider for provider in SIGNED if provider != "mailgun"]  # which signs a time and a number
ONE: dict[str, str | int] = {"ses": "bounce", "sendgrid": 4, "mailgun": "permanent", "resend": "bounced"}


async def read(world: World, provider: str, content: Any, now: int | None = None, **more: Any) -> list[DeliveryEvent]:
    headers, body = request_of(provider, content, now or world.clock.now(), **more)
    return (await SOURCES[provider](services(world)).read(headers, body)).events


def example(provider: str) -> Any:
    return referring(provider, payload(provider, ONE[provider]), REFERENCE)


def test_every_source_has_its_documented_payloads() -> None:
    assert {provider for provider, *_ in CASES} == set(SOURCES)


@pytest.mark.parametrize(("provider", "name", "kind", "detail"), CASES)
async def test_a_documented_payload_comes_out_as_what_it_means(
    world: World, provider: str, name: str | int, kind: Kind | None, detail: str
) -> None:
    events = await read(world, provider, referring(provider, payload(provider, name), REFERENCE))
    assert [(event.kind, event.detail) for event in events] == ([(kind, detail)] if kind else [])
    for event in events:
        assert (event.job, event.position) == (REFERENCE.partition("-")[0], 17)
        assert event.message_id


@pytest.mark.parametrize(
    ("provider", "at", "message_id"),
    [
        ("ses", 1501893662669, "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"),
        ("sendgrid", 1461095250000, "Lli-03HcQ5-JLybO9fXsJg"),
        ("mailgun", 1534110422390, "<20180812214658.1.0DF563D0B3597700@example.org>"),
        ("resend", 1795390872126, "56761188-7520-42d8-8898-ff6fc54ce618"),
    ],
)
async def test_the_time_and_the_message_id_are_the_provider_s(
    world: World, provider: str, at: int, message_id: str
) -> None:
    [event] = await read(world, provider, example(provider))
    assert (event.at, event.message_id) == (at, message_id)


@pytest.mark.parametrize("provider", SIGNED)
async def test_an_event_without_our_reference_is_nobody_s(world: World, provider: str) -> None:
    [event] = await read(world, provider, payload(provider, ONE[provider]))
    assert (event.job, event.position) == (None, None)
    for forged in ("job_x-1", REFERENCE + "\n", f"{REFERENCE}; DROP", 17, None, ["x"]):
        [event] = await read(world, provider, referring(provider, payload(provider, ONE[provider]), forged))  # type: ignore[arg-type]
        assert event.job is None


@pytest.mark.parametrize("provider", SIGNED)
async def test_another_key_s_signature_is_refused(world: World, provider: str) -> None:
    more: dict[str, Any] = {"resend": {"secret": "whsec_" + "B" * 43 + "="}}.get(provider, {"key": "another"})
    with pytest.raises(EventUnproven) as refused:
        await read(world, provider, example(provider), **more)
    assert refused.value.code == "signature"


@pytest.mark.parametrize("provider", BODY_SIGNED)
async def test_a_body_changed_by_one_byte_is_refused(world: World, provider: str) -> None:
    headers, body = request_of(provider, example(provider), world.clock.now())
    with pytest.raises(EventUnproven):
        await SOURCES[provider](services(world)).read(headers, body.replace(b"-17", b"-18"))


@pytest.mark.parametrize("provider", SIGNED)
async def test_an_unsigned_event_is_refused(world: World, provider: str) -> None:
    _, body = request_of(provider, example(provider), world.clock.now())
    if not provider.startswith(("sendgrid", "resend")):
        content = json.loads(body)
        content = {name: value for name, value in content.items() if name.lower() != "signature"}
        body = json.dumps(content).encode()
    with pytest.raises(EventUnproven):
        await SOURCES[provider](services(world)).read({}, body)


@pytest.mark.parametrize("provider", SIGNED)
async def test_a_signature_is_good_for_its_window_and_no_longer(world: World, provider: str) -> None:
    now, window = world.clock.now(), SOURCES[provider].window * 1000
    assert await read(world, provider, example(provider), now - window)
    assert await read(world, provider, example(provider), now + 300_000)
    for stale in (now - window - 1000, now + 301_000):
        with pytest.raises(EventUnproven) as refused:
            await read(world, provider, example(provider), stale)
        assert refused.value.code == "stale"


@pytest.mark.parametrize("provider", SIGNED)
@pytest.mark.parametrize("content", [[], "x", 1, None, {"event": 7}, [[]], {"data": []}, {"mail": [], "eventType": {}}])
async def test_signed_nonsense_is_told_as_such_or_ignored(world: World, provider: str, content: Any) -> None:
    try:
        assert await read(world, provider, content) == []
    except EventMalformed:
        return


@pytest.mark.parametrize("provider", SIGNED)
@pytest.mark.parametrize("time", ["tomorrow", None, -1, 1e300, True, {}])
async def test_a_time_that_is_none_is_malformed(world: World, provider: str, time: Any) -> None:
    content = example(provider)
    match provider:
        case "ses":
            content["bounce"]["timestamp"] = str(time)
        case "resend":
            content["created_at"] = str(time)
        case _:
            content["timestamp"] = time
    if provider == "sendgrid":  # one of many: the others of its request count
        assert await read(world, provider, content) == []
        return
    with pytest.raises(EventMalformed):
        await read(world, provider, content)


@pytest.mark.parametrize("provider", SIGNED)
async def test_without_its_setting_no_event_is_taken_and_it_is_named(world: World, provider: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SOURCES[provider](world.services)
    assert refused.value.setting == SOURCES[provider].setting.name


@pytest.mark.parametrize("provider", BODY_SIGNED)
async def test_a_setting_that_is_no_key_is_named(world: World, provider: str) -> None:
    headers, body = request_of(provider, example(provider), world.clock.now())
    setting = SOURCES[provider].setting.name
    for wrong in ("nonsense", "whsec_x", "MFkw", "arn:aws:sns:us-west-2:evil"):
        with pytest.raises(ConfigurationError) as refused:
            await SOURCES[provider](services(world, settings={setting: wrong})).read(headers, body)
        assert refused.value.setting == setting
        assert wrong not in str(refused.value)


async def test_sendgrid_s_key_may_be_given_in_pem(world: World) -> None:
    headers, body = request_of("sendgrid", example("sendgrid"), world.clock.now())
    bare = services(world).settings.text(SOURCES["sendgrid"].setting)
    pem = f"-----BEGIN PUBLIC KEY-----\n{bare[:64]}\n{bare[64:]}\n-----END PUBLIC KEY-----\n"
    source = SOURCES["sendgrid"](services(world, settings={"SENDGRID_WEBHOOK_KEY": pem}))
    assert (await source.read(headers, body)).events


async def test_one_of_several_signatures_of_resend_is_enough(world: World) -> None:
    headers, body = request_of("resend", example("resend"), world.clock.now())
    several = {**headers, "svix-signature": f"v1,AAAA v1a,x {headers['svix-signature']}"}
    assert (await SOURCES["resend"](services(world)).read(several, body)).events


async def test_mailgun_tells_hard_from_soft_by_its_bounce_type(world: World) -> None:
    content = example("mailgun")
    for bounce, reason, kind in [
        ("soft", "bounce", Kind.SOFT_BOUNCE),
        ("hard", "generic", Kind.HARD_BOUNCE),
        ("", "old", Kind.SOFT_BOUNCE),
    ]:
        content["delivery-status"]["bounce-type"], content["reason"] = bounce, reason
        [event] = await read(world, "mailgun", content)
        assert event.kind is kind


async def test_mailgun_s_key_is_not_guessed_from_a_truncated_signature(world: World) -> None:
    headers, body = request_of("mailgun", example("mailgun"), world.clock.now(), key=MAILGUN_KEY)
    content = json.loads(body)
    for given in ("", content["signature"]["signature"][:-1], "ß", None):
        content["signature"]["signature"] = given
        with pytest.raises(EventUnproven):
            await SOURCES["mailgun"](services(world)).read(headers, json.dumps(content).encode())


async def test_words_that_no_database_takes_are_made_sound(world: World) -> None:
    content = example("sendgrid") | {"reason": "a\x00b \ud800 c\r\nd " + "x" * 1000}
    [event] = await read(world, "sendgrid", content)
    assert event.detail.startswith("5.1.1 ab ? c d xxx")
    assert len(event.detail) == 300
