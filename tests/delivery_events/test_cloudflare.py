"""Cloudflare's events get from its queue to the person; what is none is let go without a word of it."""

from typing import Any

import pytest

from core.errors import DatabaseBusy
from delivery_events import cloudflare
from tests.delivery_events.support import payload
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.world import World

OUTCOMES = [
    ("delivered", "delivered", None, None),
    ("deferred", None, None, None),
    ("bounced", "bounced", "hard_bounce", "550 5.1.1 User unknown"),
    ("exhausted", "bounced", "soft_bounce", "451 4.2.0 Temporary mailbox error"),
    ("failed", "bounced", "dropped", "delivery_failed"),
    ("rejected", "bounced", "dropped", "Recipient is suppressed"),
    ("complained", "complained", "complaint", None),
]


async def consume(world: World, *bodies: Any, attempts: int = 1) -> list[tuple[str, int] | None]:
    messages = [DeliveredMessage(body, attempts=attempts) for body in bodies]
    await cloudflare.consume(world.services, messages)
    return [message.verdict for message in messages]


async def sent(world: World, name: str) -> tuple[str, Any]:
    """A job of one mail, that Cloudflare gave the id of this event."""
    body = payload("cloudflare", name)
    world.provider.script = lambda _: f"<{body['payload']['messageId']}>"
    job = await world.job(1)
    await world.work()
    return job, body


@pytest.mark.parametrize(("name", "delivery", "reason", "detail"), OUTCOMES)
async def test_a_documented_event_finds_its_person_by_the_message_id(
    world: World, name: str, delivery: str | None, reason: str | None, detail: str | None
) -> None:
    job, body = await sent(world, name)
    assert await consume(world, body) == [("ack", 0)]
    [one] = world.people(job)
    assert (one["delivery"], one["reason"], one["detail"]) == (delivery, reason, detail)
    assert one["delivery_at"] == (1780282137132 if delivery else None)


async def test_an_id_with_brackets_is_the_same_id(world: World) -> None:
    job, body = await sent(world, "bounced")
    body["payload"]["messageId"] = f"<{body['payload']['messageId']}>"
    await consume(world, body)
    assert world.people(job)[0]["delivery"] == "bounced"


async def test_an_event_that_comes_before_its_mail_is_written_down_is_looked_at_again(world: World) -> None:
    body = payload("cloudflare", "delivered")
    assert await consume(world, body) == [("retry", cloudflare.WAIT)]
    assert await consume(world, body, attempts=2) == [("retry", cloudflare.WAIT)]
    assert await consume(world, body, attempts=3) == [("ack", 0)]


async def test_what_is_no_event_is_let_go_without_a_word_of_it_in_the_log(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    body = payload("cloudflare", "bounced") | {"metadata": {"eventTimestamp": "someday"}}
    nonsense = [None, [], "x", {}, {"type": 1}, {"type": "cf.r2.object.created"}, body]
    assert await consume(world, *nonsense) == [("ack", 0)] * len(nonsense)
    written = capsys.readouterr().out
    assert written.count("delivery event malformed") == len(nonsense)
    assert "@" not in written


async def test_one_malformed_event_does_not_hold_up_the_others(world: World) -> None:
    job, body = await sent(world, "bounced")
    opened = body | {"type": "cf.email.sending.message.opened"}
    assert await consume(world, {"type": 1}, opened, body) == [("ack", 0)] * 3
    assert world.people(job)[0]["delivery"] == "bounced"


async def test_where_the_database_does_not_answer_the_events_come_again(world: World) -> None:
    _, body = await sent(world, "bounced")

    async def busy(_: Any) -> Any:
        raise DatabaseBusy("overloaded")

    world.database.batch = busy  # type: ignore[method-assign, assignment]
    [verdict] = await consume(world, body)
    assert verdict
    assert verdict[0] == "retry"


async def test_an_event_that_is_given_up_is_not_kept_since_it_names_a_person(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    message = await world.bury(payload("cloudflare", "bounced"))
    assert message.verdict == ("ack", 0)
    assert world.database.query("SELECT * FROM dead_letters") == []
    written = capsys.readouterr().out
    assert "delivery event given up" in written
    assert "user@example.net" not in written
