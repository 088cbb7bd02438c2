"""A request that comes again changes nothing; a signature that leaves the body open is bound to the first one."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import DatabaseBusy, EventMalformed, EventUnproven, Unavailable
from delivery_events import SOURCES, outcomes
from delivery_events.base import Kind, Notice
from runtime.ports import Row, Statement
from tests.delivery_events.support import MAILGUN_KEY, iso, mailgun, payload, referring, request_of, services
from tests.delivery_events.test_sources import CASES, SIGNED
from tests.worlds.world import World

UNSUBSCRIBED: dict[str, str | int] = {"ses": "subscription", "sendgrid": 8, "mailgun": "unsubscribed"}
DELIVERED: dict[str, str | int] = {"ses": "delivery", "sendgrid": 2, "mailgun": "delivered", "resend": "delivered"}
TOKEN = "651869375b9df3c98fc15c4889b102119add"


async def sent_job(world: World) -> str:
    job = await world.job(3)
    await world.work()
    assert world.states(job) == {"sent": 3}
    return job


async def take(world: World, provider: str, request: tuple[Mapping[str, str], bytes]) -> set[int]:
    """What `POST /v1/events/{provider}` does."""
    try:
        notice = await SOURCES[provider](services(world)).read(*request)
    except EventMalformed as refusal:
        assert provider == "mailgun"
        notice = Notice([], refusal.token)
    return await outcomes.apply(world.services, notice)


def told(provider: str, name: str | int, job: str, position: int = 0, now: int | None = None) -> Any:
    """`now`: when it happened; else when it does in the provider's documentation."""
    content = referring(provider, payload(provider, name), f"{job}-{position}")
    if now is not None:
        part = content["subscription"] if provider == "ses" else content
        part["timestamp"] = iso(now) if provider == "ses" else now // 1000
    return content


def everything(world: World) -> dict[str, list[Row]]:
    """All that is kept, but for when it was last written."""
    tables = world.database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'event_tokens'")
    return {table["name"]: world.database.query(f'SELECT * FROM "{table["name"]}"') for table in tables}


@pytest.mark.parametrize(("provider", "name"), [(provider, name) for provider, name, *_ in CASES])
async def test_whatever_comes_again_in_its_window_changes_nothing_and_later_is_refused(
    world: World, provider: str, name: str | int
) -> None:
    job = await sent_job(world)
    request = request_of(provider, told(provider, name, job), world.clock.now())
    await take(world, provider, request)
    world.clock.advance(60)
    before = everything(world)
    await take(world, provider, request)
    assert everything(world) == before
    world.clock.advance(SOURCES[provider].window)
    with pytest.raises(EventUnproven) as refused:
        await take(world, provider, request)
    assert refused.value.code == "stale"


@pytest.mark.parametrize("provider", SIGNED)
async def test_the_time_and_the_number_of_a_request_are_signed(world: World, provider: str) -> None:
    """What was seen once does not become fresh under another time or number."""
    job, now = await sent_job(world), world.clock.now()
    headers, body = request_of(provider, told(provider, DELIVERED[provider], job), now)
    later = now + 60_000
    changed: list[tuple[Mapping[str, str], bytes]] = []
    for name in headers:
        if "timestamp" in name:
            changed.append(({**headers, name: str(later // 1000)}, body))
        if name == "svix-id":
            changed.append(({**headers, name: "msg_other"}, body))
    content = json.loads(body)
    if provider == "ses":
        changed += [(headers, json.dumps(content | {name: "x"}).encode()) for name in ("MessageId", "Timestamp")]
    if provider == "mailgun":
        for name, value in (("timestamp", str(later // 1000)), ("token", TOKEN[:-1] + "0")):
            changed.append(
                (headers, json.dumps(content | {"signature": content["signature"] | {name: value}}).encode())
            )
    assert changed
    for request in changed:
        with pytest.raises(EventUnproven) as refused:
            await take(world, provider, request)
        assert refused.value.code == "signature"


@pytest.mark.parametrize("provider", UNSUBSCRIBED)
async def test_an_unsubscription_that_comes_again_undoes_no_release(world: World, provider: str) -> None:
    job, now = await sent_job(world), world.clock.now()
    name = UNSUBSCRIBED[provider]
    request = request_of(provider, told(provider, name, job, 0, now), now)
    await take(world, provider, request)
    assert len(world.database.query("SELECT reason FROM suppressions")) == 1
    world.database.query("DELETE FROM suppressions")
    await take(world, provider, request)
    if provider != "mailgun":  # the same event under another signature, as after an answer that was lost
        await take(world, provider, request_of(provider, told(provider, name, job, 0, now), now + 1000))
    assert world.database.query("SELECT reason FROM suppressions") == []
    other = told(provider, name, job, 1, now)
    await take(world, provider, request_of(provider, other, now + 2000))
    assert len(world.database.query("SELECT reason FROM suppressions")) == 1


FIRST: dict[str, Any] = {
    "opened": lambda job: told("mailgun", "opened", job),  # which means nothing to us
    "delivered": lambda job: told("mailgun", "delivered", job),
    "another's": lambda _: payload("mailgun", "delivered"),
    "unreadable": lambda job: told("mailgun", "delivered", job) | {"timestamp": "someday"},
    "none": lambda _: "x",
}


@pytest.mark.parametrize("content", FIRST.values(), ids=list(FIRST))
async def test_any_event_of_mailgun_s_spends_its_signature(
    world: World, content: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    job, now = await sent_job(world), world.clock.now()
    await take(world, "mailgun", mailgun(content(job), now))
    before = everything(world)
    capsys.readouterr()
    forged = told("mailgun", "complained", job, 1)
    assert await take(world, "mailgun", mailgun(forged, now)) == set()
    assert everything(world) == before
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["level"], line["event"]) == ("warning", "delivery events repeated")
    assert await take(world, "mailgun", mailgun(forged, now, token=TOKEN[::-1])) == {0}


async def test_what_was_cut_off_is_done_when_mailgun_comes_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await sent_job(world)
    request = mailgun(told("mailgun", "complained", job), world.clock.now())

    async def away(*_: Any) -> Any:
        raise DatabaseBusy("away")

    with monkeypatch.context() as cut:
        cut.setattr(outcomes, "persist", away)
        with pytest.raises(Unavailable):
            await take(world, "mailgun", request)
    assert await take(world, "mailgun", mailgun(told("mailgun", "complained", job, 1), world.clock.now())) == set()
    assert await take(world, "mailgun", request) == {0}
    assert [one["delivery"] for one in world.people(job)] == ["complained", None, None]


async def test_nothing_is_made_of_a_body_before_its_token_is_spent(world: World) -> None:
    """Of two at the same moment one is the first."""
    job, now = await sent_job(world), world.clock.now()
    real, between = world.database.batch, [mailgun(told("mailgun", "complained", job, 1), now)]

    async def batch(statements: list[Statement]) -> list[list[Row]]:
        if between and "event_tokens" in statements[0].sql:
            assert await take(world, "mailgun", between.pop()) == {0}
        return await real(statements)

    world.database.batch = batch  # type: ignore[method-assign, assignment]
    assert await take(world, "mailgun", mailgun(told("mailgun", "complained", job, 0), now)) == set()
    assert [one["delivery"] for one in world.people(job)] == [None, "complained", None]


async def test_tokens_are_kept_as_long_as_any_signature_is_good(world: World) -> None:
    job, day = await sent_job(world), 86_400_000
    now = world.clock.now()
    ages = {"old": 3 * day + 1, "young": 3 * day, "fresh": 0}
    for name, age in ages.items():
        world.database.query("INSERT INTO event_tokens (at, token) VALUES (?, ?)", now - age, name)
    assert max(source.window for source in SOURCES.values()) * 1000 <= 2 * day
    await take(world, "mailgun", mailgun(told("mailgun", "delivered", job), now))
    assert {row["token"] for row in world.database.query("SELECT token FROM event_tokens")} == {"young", "fresh", TOKEN}


@pytest.mark.parametrize("token", ["", " ", "\ud800", "x" * 256, "a\nb", "ü", None, 7, []])
async def test_a_token_that_mailgun_does_not_make_is_none(world: World, token: Any) -> None:
    now = world.clock.now()
    signed = f"{now // 1000}{token}".encode(errors="replace")
    signature = hmac.new(MAILGUN_KEY.encode(), signed, hashlib.sha256).hexdigest()
    parts = {"timestamp": str(now // 1000), "token": token, "signature": signature}
    content = {"signature": parts, "event-data": payload("mailgun", "delivered")}
    with pytest.raises(EventUnproven) as refused:
        await take(world, "mailgun", ({}, json.dumps(content).encode()))
    assert refused.value.code == "signature"
    assert world.database.query("SELECT * FROM event_tokens") == []


def test_each_kind_of_event_is_looked_at() -> None:
    assert {kind for *_, kind, _ in CASES if kind} == set(Kind)
