"""What Amazon SNS asks of a receiver is done, and nobody but Amazon can have it done."""

import json
from typing import Any

import pytest

from core.errors import EventMalformed, EventUnproven, ResponseLost
from delivery_events.ses import SesEvents
from runtime.ports import HttpResponse
from tests.delivery_events.support import amazon, payload, referring, services, ses, sns
from tests.doubles.bindings import ScriptedFetch
from tests.worlds.world import World

REFERENCE = f"job_{'4e2a' * 8}-17"
BOUNCE = referring("ses", payload("ses", "bounce"), REFERENCE)
HOST = "https://sns.us-west-2.amazonaws.com"
PEM = f"{HOST}/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_signature_versions_are_verified(world: World, version: str) -> None:
    headers, body = ses(BOUNCE, world.clock.now(), version=version)
    notice = await SesEvents(services(world)).read(headers, body)
    assert [event.position for event in notice.events] == [17]


@pytest.mark.parametrize("version", ["3", "", None])
async def test_no_other_version_is_taken(world: World, version: Any) -> None:
    headers, body = ses(BOUNCE, world.clock.now())
    content = json.loads(body) | {"SignatureVersion": version}
    with pytest.raises(EventUnproven):
        await SesEvents(services(world)).read(headers, json.dumps(content).encode())


async def test_a_signature_does_not_hold_under_the_other_version(world: World) -> None:
    headers, body = ses(BOUNCE, world.clock.now(), version="1")
    content = json.loads(body) | {"SignatureVersion": "2"}
    with pytest.raises(EventUnproven):
        await SesEvents(services(world)).read(headers, json.dumps(content).encode())


async def test_the_certificate_is_fetched_once(world: World) -> None:
    fetch = ScriptedFetch(amazon)
    for _ in range(3):
        await SesEvents(services(world, fetch)).read(*ses(BOUNCE, world.clock.now()))
    assert [(request.method, request.url) for request in fetch.requests] == [("GET", PEM)]


@pytest.mark.parametrize(
    "url",
    [
        PEM.replace("https", "http"),
        PEM.replace("us-west-2", "us-east-1"),
        PEM.replace("sns.us-west-2.amazonaws.com", "sns.us-west-2.amazonaws.com.evil.example"),
        PEM.replace("https://", "https://evil.example/https://"),
        PEM.replace("https://", "https://evil.example@"),
        PEM.replace("https://", "https://user@"),
        PEM.replace(".com/", ".com:8443/"),
        PEM.replace("sns.", "s3."),
        PEM.replace("sns.us-west-2", "evil"),
        f"{HOST}/?Action=GetTopicAttributes&x=.pem",
        f"{HOST}/a/../b.pem",
        f"{PEM}?x",
        f"{PEM}\n",
        "",
    ],
)
async def test_a_certificate_from_anywhere_else_is_not_even_fetched(world: World, url: str) -> None:
    fetch = ScriptedFetch(amazon)
    with pytest.raises(EventUnproven):
        await SesEvents(services(world, fetch)).read(*ses(BOUNCE, world.clock.now(), SigningCertURL=url))
    assert fetch.requests == []


async def test_another_topic_s_events_are_refused_before_anything_is_fetched(world: World) -> None:
    fetch = ScriptedFetch(amazon)
    other = "arn:aws:sns:us-west-2:123456789012:Other"
    with pytest.raises(EventUnproven) as refused:
        await SesEvents(services(world, fetch)).read(*ses(BOUNCE, world.clock.now(), TopicArn=other))
    assert (refused.value.code, fetch.requests) == ("topic", [])


async def test_a_subscription_of_the_pinned_topic_is_confirmed(world: World) -> None:
    fetch = ScriptedFetch(amazon)
    notice = await SesEvents(services(world, fetch)).read(*sns("confirmation", world.clock.now()))
    assert notice.events == []
    assert [request.url for request in fetch.requests] == [PEM, payload("sns", "confirmation")["SubscribeURL"]]


@pytest.mark.parametrize(
    "url", ["https://evil.example/?Action=ConfirmSubscription", f"{HOST}.evil.example/?x", f"{HOST}/", "http://x/"]
)
async def test_a_confirmation_anywhere_else_is_not_fetched(world: World, url: str) -> None:
    fetch = ScriptedFetch(amazon)
    with pytest.raises(EventUnproven):
        await SesEvents(services(world, fetch)).read(*sns("confirmation", world.clock.now(), SubscribeURL=url))
    assert [request.url for request in fetch.requests] == [PEM]


async def test_an_unsigned_confirmation_is_not_fetched(world: World) -> None:
    fetch = ScriptedFetch(amazon)
    with pytest.raises(EventUnproven):
        await SesEvents(services(world, fetch)).read(*sns("confirmation", world.clock.now(), key="another"))
    assert [request.url for request in fetch.requests] == [PEM]


@pytest.mark.parametrize("status", [403, 500])
async def test_where_amazon_does_not_answer_it_will_ask_again(world: World, status: int) -> None:
    fetch = ScriptedFetch(lambda _: HttpResponse(status, {}, b""))
    with pytest.raises(ResponseLost):
        await SesEvents(services(world, fetch)).read(*ses(BOUNCE, world.clock.now()))


@pytest.mark.parametrize("body", [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nMFkw\n-----END CERTIFICATE-----"])
async def test_a_certificate_that_is_none_proves_nothing(world: World, body: bytes) -> None:
    fetch = ScriptedFetch(lambda _: HttpResponse(200, {}, body))
    with pytest.raises(EventUnproven):
        await SesEvents(services(world, fetch)).read(*ses(BOUNCE, world.clock.now()))


async def test_the_words_that_sns_sends_first_are_no_event(world: World) -> None:
    words = "Successfully validated SNS topic for Amazon SES event publishing."
    notice = await SesEvents(services(world)).read(*sns("notification", world.clock.now(), Message=words))
    assert notice.events == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Type": "Other"}', b"\xff", b"[" * 100_000, b'{"a": NaN}'])
async def test_what_is_no_message_is_malformed(world: World, body: bytes) -> None:
    with pytest.raises(EventMalformed):
        await SesEvents(services(world)).read({}, body)


async def test_a_mail_taken_out_of_the_spam_folder_is_no_complaint(world: World) -> None:
    content = referring("ses", payload("ses", "complaint"), REFERENCE)
    content["complaint"]["complaintFeedbackType"] = "not-spam"
    notice = await SesEvents(services(world)).read(*ses(content, world.clock.now()))
    assert notice.events == []


async def test_a_subject_is_signed_only_where_there_is_one(world: World) -> None:
    notice = await SesEvents(services(world)).read(*ses(BOUNCE, world.clock.now(), Subject=None))
    assert notice.events
