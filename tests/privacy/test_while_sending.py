"""An erasure in the middle of a job that is being sent: every step of the consumer meets it at some point."""

import contextlib
from collections.abc import Sequence

import pytest

from core.errors import PersonInFlight
from mail.message import OutgoingMail
from privacy.person import Person
from runtime.ports import Row, Statement
from tests.doubles.bucket import FaultyBucket
from tests.privacy.conftest import erase, places_of
from tests.worlds.world import World, person


def who(number: int) -> Person:
    return Person.named(str(number), f"person{number}@example.com")


async def test_whoever_waits_behind_the_group_in_flight_is_not_mailed(world: World, files: FaultyBucket) -> None:
    """Of 60, somebody of a later group is erased while the first is sent."""
    asked: list[str] = []

    async def send(mail: OutgoingMail) -> str:
        if not asked:
            asked.append(mail.to.email)
            assert (await erase(world, who(50)))["cancelled"] == 1
        return "id"

    world.provider.script = send
    job = await world.job(60)
    await world.work()
    assert world.states(job) == {"sent": 59, "cancelled": 1}
    assert "person50@example.com" not in world.provider.attempts
    assert places_of(world, ("person50@",)) == []
    world.check()
    assert not files.objects


async def test_whoever_is_in_flight_is_refused_and_erased_as_soon_as_it_is_over(
    world: World, files: FaultyBucket
) -> None:
    refused: list[str] = []

    async def send(mail: OutgoingMail) -> str:
        if not refused:
            with pytest.raises(PersonInFlight):
                await erase(world, who(3))
            refused.append(mail.to.email)
        return "<id-of-mine@provider>"

    world.provider.script = send
    job = await world.job(30)
    await world.work()
    assert refused
    assert world.states(job) == {"sent": 30}
    await erase(world, who(3))
    assert places_of(world, ("person3@",)) == []
    row = world.people(job)[3]
    assert (row["state"], row["message_id"], row["email"]) == ("sent", None, "")
    world.check()
    assert not files.objects


async def test_an_erasure_at_every_single_call_of_the_consumer_loses_nobody(world: World, files: FaultyBucket) -> None:
    """Everybody of a job is erased, one at each call to the database, wherever the consumer is at that moment."""
    real, number, busy = world.database.batch, 0, False

    async def batch(statements: Sequence[Statement]) -> list[list[Row]]:
        nonlocal number, busy
        rows = await real(statements)
        if not busy and number < 40:
            busy = True
            with contextlib.suppress(PersonInFlight):
                await erase(world, who(39 - number))
            number, busy = number + 1, False
        return rows

    job = await world.job([person(number) for number in range(40)])
    world.database.batch = batch  # type: ignore[method-assign]
    await world.work()
    world.database.batch = real  # type: ignore[method-assign]
    world.check()
    states = world.states(job)
    assert states.keys() <= {"sent", "cancelled", "suppressed"}
    assert sum(states.values()) == 40
    assert (await world.show(job))["state"] == "completed"
    for row in world.people(job):
        if row["state"] != "sent":
            assert row["reason"] == "erased"
    assert set(world.provider.attempts.values()) <= {1}
    assert len(world.provider.attempts) == states["sent"]
    for left in range(40):
        await erase(world, who(left))
    assert places_of(world, ("@example.com",)) == []
    world.check()
    assert not files.objects


async def test_whoever_is_claimed_just_before_they_would_be_erased_is_left(world: World, files: FaultyBucket) -> None:
    job = await world.job(3)
    real = world.database.batch
    claimed: list[str] = []

    async def batch(statements: Sequence[Statement]) -> list[list[Row]]:
        if any("SET ref" in statement.sql for statement in statements) and not claimed:
            claimed.append("person1")
            world.database.query("UPDATE recipients SET state = 'sending' WHERE position = 1")
            world.database.query("UPDATE batches SET pending = 2, sending = 1")
        return await real(statements)

    world.database.batch = batch  # type: ignore[method-assign]
    with pytest.raises(PersonInFlight):
        await erase(world, who(1))
    assert claimed
    assert [row["email"] for row in world.people(job)][1] == "person1@example.com"
    world.check()
    assert not files.objects
