"""POST /v1/events/{provider} takes what its provider signed, and tells everybody else nothing."""

import json
from typing import Any

import httpx
import pytest

from delivery_events import SOURCES, ses
from runtime.ports import HttpRequest, HttpResponse
from tests.delivery_events.support import SETTINGS, amazon, payload, referring, request_of, sns
from tests.doubles.crypto import certificate
from tests.worlds.api import Deployment, Site, fault

ONE: dict[str, str | int] = {"ses": "bounce", "sendgrid": 4, "mailgun": "permanent", "resend": "bounced"}


@pytest.fixture
async def provider(deployment: Deployment) -> httpx.AsyncClient:
    """Nobody's token."""
    ses._keys.clear()
    deployment.values |= SETTINGS
    deployment.answer = amazon
    return await deployment.client(None)


async def sent(site: Site) -> str:
    """A job of two people who were mailed; its id."""
    job = await site.job(2)
    site.deployment.database.query("UPDATE recipients SET state = 'sent'")
    site.deployment.database.query("UPDATE batches SET pending = 0, sent = 2")
    site.deployment.database.query("UPDATE jobs SET state = 'completed'")
    return job


async def post(client: httpx.AsyncClient, name: str, request: tuple[Any, bytes]) -> httpx.Response:
    headers, body = request
    return await client.post(f"/v1/events/{name}", content=body, headers=dict(headers))


@pytest.mark.parametrize("name", list(SOURCES))
async def test_a_signed_event_is_taken_and_seen_in_the_list_of_people(
    provider: httpx.AsyncClient, site: Site, name: str
) -> None:
    job = await sent(site)
    content = referring(name, payload(name, ONE[name]), f"{job}-1")
    response = await post(provider, name, request_of(name, content, site.deployment.clock.now()))
    assert (response.status_code, response.json()) == (200, {"taken": 1})
    people = (await site.client.get(f"/v1/jobs/{job}/recipients")).json()["recipients"]
    assert [(one["delivery"], one["reason"]) for one in people] == [(None, None), ("bounced", "hard_bounce")]
    [event] = (await site.client.get("/v1/events")).json()["events"]
    assert event["type"] == "delivery.updated"
    assert [(one["ref"], one["delivery"]) for one in event["data"]["recipients"]] == [("u1", "bounced")]


@pytest.mark.parametrize("name", list(SOURCES))
async def test_an_event_of_a_mail_that_is_not_ours_is_welcome_and_changes_nothing(
    provider: httpx.AsyncClient, deployment: Deployment, name: str
) -> None:
    response = await post(provider, name, request_of(name, payload(name, ONE[name]), deployment.clock.now()))
    assert (response.status_code, response.json()) == (200, {"taken": 0})


@pytest.mark.parametrize("name", list(SOURCES))
async def test_unsigned_forged_and_stale_events_are_401_and_logged_without_their_content(
    provider: httpx.AsyncClient, site: Site, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job, now = await sent(site), site.deployment.clock.now()
    content = referring(name, payload(name, ONE[name]), f"{job}-1")
    forged = {"resend": {"secret": "whsec_" + "B" * 43 + "="}}.get(name, {"key": "another"})
    capsys.readouterr()
    for request in (
        request_of(name, content, now - 30 * 3_600_000),
        request_of(name, content, now, **forged),
        ({}, json.dumps({"Type": "Notification", "event-data": content}).encode()),
    ):
        assert fault(await post(provider, name, request)) == (401, "unproven-event", "")
    assert site.deployment.database.query("SELECT * FROM callbacks") == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines} == {"delivery events refused"}
    assert all(line["reason"].startswith(f"{name}:") for line in lines)


@pytest.mark.parametrize("name", list(SOURCES))
async def test_signed_but_malformed_events_are_400(
    provider: httpx.AsyncClient, deployment: Deployment, name: str
) -> None:
    content = payload(name, ONE[name])
    for part in (content, content.get("bounce", {})):
        part.update({"timestamp": "someday", "created_at": "someday"})
    response = await post(provider, name, request_of(name, content, deployment.clock.now()))
    if name == "sendgrid":  # many in a request: one that cannot be read takes none of the others along
        assert (response.status_code, response.json()) == (200, {"taken": 0})
    else:
        assert fault(response) == (400, "malformed-body", "")


@pytest.mark.parametrize("name", list(SOURCES))
async def test_without_its_setting_a_provider_is_403_and_the_setting_named(deployment: Deployment, name: str) -> None:
    client = await deployment.client(None)
    response = await post(client, name, request_of(name, payload(name, ONE[name]), deployment.clock.now()))
    assert fault(response) == (403, "events-not-configured", SOURCES[name].setting.name)


@pytest.mark.parametrize("name", ["cloudflare", "sandbox", "postmark", "SES"])
async def test_another_provider_is_404(provider: httpx.AsyncClient, name: str) -> None:
    assert fault(await provider.post(f"/v1/events/{name}", content=b"[]")) == (404, "unknown-provider", "")


async def test_a_body_without_end_is_413(provider: httpx.AsyncClient) -> None:
    assert fault(await provider.post("/v1/events/mailgun", content=b"[" * 2_000_001)) == (413, "too-large", "")


async def test_a_token_of_mailgun_is_good_for_one_event(provider: httpx.AsyncClient, site: Site) -> None:
    """Whoever has seen a signed request cannot use its signature for an event of their own."""
    job, now = await sent(site), site.deployment.clock.now()
    delivered = referring("mailgun", payload("mailgun", "delivered"), f"{job}-0")
    complained = referring("mailgun", payload("mailgun", "complained"), f"{job}-1")
    for _ in range(2):  # Mailgun itself may repeat what was answered too late
        assert (await post(provider, "mailgun", request_of("mailgun", delivered, now))).status_code == 200
    forged = await post(provider, "mailgun", request_of("mailgun", complained, now))
    assert (forged.status_code, forged.json()) == (200, {"taken": 0})
    people = (await site.client.get(f"/v1/jobs/{job}/recipients")).json()["recipients"]
    assert [one["delivery"] for one in people] == ["delivered", None]


async def test_an_event_of_mailgun_s_that_cannot_be_read_spends_its_signature_as_well(
    provider: httpx.AsyncClient, site: Site
) -> None:
    job, now = await sent(site), site.deployment.clock.now()
    odd = referring("mailgun", payload("mailgun", "delivered"), f"{job}-0") | {"timestamp": "someday"}
    for _ in range(2):
        assert fault(await post(provider, "mailgun", request_of("mailgun", odd, now))) == (400, "malformed-body", "")
    forged = referring("mailgun", payload("mailgun", "complained"), f"{job}-1")
    answer = await post(provider, "mailgun", request_of("mailgun", forged, now))
    assert (answer.status_code, answer.json()) == (200, {"taken": 0})


async def test_amazon_s_question_whether_we_subscribe_is_answered(
    provider: httpx.AsyncClient, deployment: Deployment
) -> None:
    asked: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request.url)
        return HttpResponse(200, {}, certificate("amazon"))

    deployment.answer = answer
    response = await post(provider, "ses", sns("confirmation", deployment.clock.now()))
    assert response.status_code == 200
    assert asked[1:] == [payload("sns", "confirmation")["SubscribeURL"]]


async def test_where_the_certificate_cannot_be_had_amazon_is_asked_to_come_again(
    provider: httpx.AsyncClient, deployment: Deployment
) -> None:
    deployment.answer = lambda _: HttpResponse(503, {}, b"")
    response = await post(provider, "ses", request_of("ses", payload("ses", "bounce"), deployment.clock.now()))
    assert fault(response) == (503, "unavailable", "")
