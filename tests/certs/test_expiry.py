"""Until when a certificate is valid: what a person brings as `expires` is read as it is meant, or fails them alone."""

from typing import Any

import pytest

from core import times
from tests.certs.conftest import Issue
from tests.certs.test_issuing import rows
from tests.worlds.world import World, person


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        ("9999-12-31", "9999-12-31T23:59:59.999Z"),
        (253_402_214_400_000, "9999-12-31T23:59:59.999Z"),
        (1_924_992_000, "2031-01-01T00:00:00.000Z"),  # seconds, as Moodle counts: until this moment
        ("1924992000", "2031-01-01T00:00:00.000Z"),
        (1_924_992_000_000, "2031-01-02T00:00:00.000Z"),
        (1_924_992_001, "2031-01-02T00:00:00.000Z"),
        ("2030-01-01T00:30:00+02:00", "2030-01-02T00:00:00.000Z"),
        ("2030-01-01T23:30:00-02:00", "2030-01-02T00:00:00.000Z"),
        *((never, None) for never in (0, "0", 0.0, "", None)),
    ],
)
async def test_a_person_s_certificate_is_valid_until_the_day_that_is_written(
    world: World, issue: Issue, expires: Any, until: str | None
) -> None:
    await issue([person(0), person(1, variables={"expires": expires}), person(2)])
    await world.work()
    assert [row["expires_at"] and times.rfc3339(row["expires_at"]) for row in rows(world)] == [None, until, None]


@pytest.mark.parametrize("expires", ["2020-01-01", 1_577_836_800, "1577836800", False, "soon", -1, 1, 1e30])
async def test_who_would_get_a_certificate_that_is_over_fails_alone(world: World, issue: Issue, expires: Any) -> None:
    job = await issue([person(0), person(1, variables={"expires": expires}), person(2)])
    await world.work()
    assert [(one["state"], one["reason"]) for one in world.people(job)] == [
        ("sent", None),
        ("failed", "rendering_failed"),
        ("sent", None),
    ]
    assert len(rows(world)) == 2


async def test_who_has_one_that_is_over_and_would_get_another_that_is_over_gets_none_anew(
    world: World, issue: Issue
) -> None:
    people = [person(0, variables={"expires": world.clock.now() // 1000 + 86_400})]
    await issue(people)
    await world.work()
    world.clock.advance(2 * 86_400)
    again = await issue(people, name="Again")
    await world.work()
    assert len(rows(world)) == 1
    assert world.states(again) == {"sent": 1}


async def test_who_has_one_that_is_over_gets_another_that_is_valid(world: World, issue: Issue) -> None:
    for days in (1, 9):
        await issue([person(0, variables={"expires": world.clock.now() // 1000 + days * 86_400})], name=str(days))
        await world.work()
        world.clock.advance(2 * 86_400)
    assert len(rows(world)) == 2
