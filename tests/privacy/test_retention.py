"""People's data is kept as long as their site wants, and erased a bounded part at a time."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from certificates import changes
from core.errors import BucketUnavailable
from core.scope import Scope
from jobs import actions as jobs
from privacy import actions as privacy
from privacy import retention
from privacy.person import Person
from runtime.ports import Row, Statement
from store.audit import Entry
from tests.doubles.bucket import FaultyBucket
from tests.privacy.conftest import ZOE, everything, places_of
from tests.worlds.world import SITE, World, person

DAY = 86_400  # seconds
YEAR = 31_557_600


def keep(world: World, days: int | None = None, years: int | None = None) -> None:
    world.database.query("UPDATE sites SET keep_people_days = ?, keep_certificate_years = ?", days, years)


def audited(world: World, action: str = "privacy.retention") -> list[dict[str, Any]]:
    rows = world.database.query("SELECT * FROM audit WHERE action = ? ORDER BY id", action)
    return [{**row, "detail": row["detail"] and json.loads(row["detail"])} for row in rows]


async def due(world: World, scope: Scope | None = None) -> dict[str, int]:
    [row] = await retention.due(world.services, scope, (-1, ""), 10)
    kinds = ("jobs", "people", "events", "drafts", "certificates", "soft_bounces")
    return {kind: row[kind] for kind in kinds if row[kind]}


async def test_people_are_erased_when_their_jobs_time_is_over_and_not_before(school: World) -> None:
    keep(school, days=30)
    before = everything(school)
    school.clock.advance(29 * DAY)
    await school.sweep()
    assert everything(school)["recipients"] == before["recipients"]
    counted = school.database.query("SELECT id, total, sent, failed FROM jobs ORDER BY id")
    school.clock.advance(DAY)
    await school.sweep()
    # certificates are kept for a time of their own, suppressions until they are released; the draft is cancelled first
    assert places_of(school, ("zoe-4711", "zoe.luk", "łukasik", "blue cheese", "zoë")) == [
        "certificates",
        "suppressions",
    ]
    assert school.database.query("SELECT id, total, sent, failed FROM jobs ORDER BY id") == counted
    assert not school.database.query("SELECT 1 FROM callbacks")
    assert not school.database.query("SELECT 1 FROM job_contents")
    school.check()


async def test_mails_that_the_sandbox_keeps_go_with_their_job(
    school: World, files: FaultyBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MAILS", 1)
    keep(school, days=30)
    assert len([key for key in files.objects if "/sandbox/" in key]) == 2
    school.clock.advance(31 * DAY)
    await school.sweep()
    assert not [key for key in files.objects if "/sandbox/" in key]


async def test_mails_that_the_sandbox_keeps_count_in_what_a_sweep_may_erase(
    school: World, files: FaultyBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MAILS", 1)
    monkeypatch.setattr(retention, "BUDGET", 1)
    keep(school, days=30)
    school.clock.advance(31 * DAY)
    kept = "SELECT count(*) AS people FROM recipients WHERE email <> ''"
    before = school.database.query(kept)
    for left in (1, 0):
        await school.sweep()
        assert len([key for key in files.objects if "/sandbox/" in key]) == left
        assert school.database.query(kept) == before


async def test_without_a_time_everything_is_kept(school: World) -> None:
    before = everything(school)
    school.clock.advance(100 * YEAR)
    await school.sweep()
    left = everything(school)
    assert {name: left[name] for name in before if name != "heartbeats"} == {
        name: before[name] for name in before if name != "heartbeats"
    }


async def test_each_job_leaves_one_row_in_the_audit_trail(school: World) -> None:
    keep(school, days=1)
    school.clock.advance(2 * DAY)
    for _ in range(3):
        await school.sweep()
    rows = audited(school)
    assert [(row["actor"], row["role"], row["site_id"], row["detail"]) for row in rows] == [
        ("system", "system", SITE, {"people": 2})
    ] * 3
    assert len({row["target"] for row in rows}) == 3
    [cancelled] = audited(school, "job.cancel")
    assert (cancelled["actor"], cancelled["target"] in {row["target"] for row in rows}) == ("system", True)


async def test_a_draft_that_nobody_started_is_cancelled_and_erased(world: World, files: FaultyBucket) -> None:
    keep(world, days=7)
    job = await world.draft([ZOE])
    world.clock.advance(8 * DAY)
    await world.sweep()
    row = await world.show(job)
    assert (row["state"], row["reason"]) == ("cancelled", "retention")
    assert places_of(world) == []
    world.check()
    assert not files.objects


async def test_what_still_runs_is_kept(world: World, files: FaultyBucket) -> None:
    keep(world, days=1)
    running = await world.job([ZOE])
    paused = await world.job([ZOE])
    await jobs.pause(world.services, world.scope, paused)
    world.batches.sent.clear()
    world.clock.advance(10 * DAY)
    await retention.sweep(world.services)
    assert [row["email"] for job in (running, paused) for row in world.people(job)] == [ZOE["email"]] * 2
    assert not files.objects


async def test_a_sweep_erases_a_bounded_number_of_rows_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BUDGET", 100)
    monkeypatch.setattr(retention, "PEOPLE", 40)
    monkeypatch.setattr(retention, "EVENTS", 7)
    job = await world.job([person(number) for number in range(230)])
    await world.work()
    events = len(world.events(job))
    keep(world, days=1)
    world.clock.advance(2 * DAY)
    left = []
    for _ in range(10):
        before = await due(world)
        await retention.sweep(world.services)
        left.append(sum(row["email"] != "" for row in world.people(job)))
        if not before:
            break
        assert sum(before.values()) - sum((await due(world)).values()) <= 100 + 40
    assert left[:3] == [110, 0, 0]
    assert not world.events(job)
    assert events > 2
    assert audited(world)[0]["detail"] == {"people": 230}
    world.check()


async def test_a_job_that_is_opened_again_meanwhile_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BUDGET", 50)
    monkeypatch.setattr(retention, "PEOPLE", 50)
    job = await world.job([person(number) for number in range(100)])
    await world.work()
    world.database.query("UPDATE recipients SET state = 'failed' WHERE position = 99")
    world.database.query("UPDATE batches SET sent = sent - 1, failed = failed + 1")
    keep(world, days=1)
    world.clock.advance(2 * DAY)
    await retention.sweep(world.services)
    count, _ = await jobs.retry(world.services, world.scope, job, jobs.Selection())
    assert count == 1
    assert not (await retention.sweep(world.services)).people
    await world.work()
    world.clock.advance(2 * DAY)
    await retention.sweep(world.services)
    assert {row["email"] for row in world.people(job)} == {""}
    world.check()


async def test_a_job_that_is_opened_again_at_that_very_moment_is_erased_after_its_new_end(world: World) -> None:
    job = await world.job([person(number) for number in range(10)])
    await world.work()
    world.database.query("UPDATE recipients SET state = 'failed' WHERE position = 9")
    world.database.query("UPDATE batches SET sent = sent - 1, failed = failed + 1")
    keep(world, days=1)
    world.clock.advance(2 * DAY)
    real = world.database.batch

    async def batch(statements: Sequence[Statement]) -> list[list[Row]]:
        if any("SET erased_to" in statement.sql for statement in statements):
            world.database.batch = real  # type: ignore[method-assign]
            await jobs.retry(world.services, world.scope, job, jobs.Selection())
        return await real(statements)

    world.database.batch = batch  # type: ignore[method-assign]
    await retention.sweep(world.services)
    assert "" not in {row["email"] for row in world.people(job)}
    await world.work()
    assert world.states(job) == {"sent": 10}
    world.clock.advance(2 * DAY)
    await retention.sweep(world.services)
    assert {row["email"] for row in world.people(job)} == {""}
    world.check()


async def test_a_dry_run_tells_what_the_next_sweeps_erase(school: World) -> None:
    assert await due(school) == {}
    keep(school, days=30, years=1)
    assert await due(school) == {}
    school.clock.advance(2 * YEAR)
    told = await due(school)
    events = len(school.database.query("SELECT 1 FROM callbacks"))
    assert told == {"jobs": 2, "people": 4, "events": events, "drafts": 1, "certificates": 2, "soft_bounces": 1}
    for _ in range(3):
        await school.sweep()
    assert await due(school) == {}
    assert await due(school, Scope(SITE, "nordic")) == {}


async def test_a_company_is_told_of_its_own_only(school: World) -> None:
    nordic = Scope(SITE, "nordic")
    await school.job([ZOE, person(1), person(2)], scope=nordic, company="nordic")
    await school.work()
    keep(school, days=1)
    school.clock.advance(2 * DAY)
    told = await due(school, nordic)
    assert {kind: told[kind] for kind in told if kind != "events"} == {"jobs": 1, "people": 3}


# certificates


async def test_certificates_are_erased_after_their_years_with_their_files(school: World, files: FaultyBucket) -> None:
    keep(school, years=2)
    certificates = {key for key in files.objects if "/certificates/" in key}
    school.clock.advance(YEAR)
    await school.sweep()
    assert certificates & files.objects.keys() == certificates
    school.clock.advance(YEAR + DAY)
    await school.sweep()
    assert not certificates & files.objects.keys()
    assert {row["state"] for row in school.database.query("SELECT state FROM certificates")} == {"valid"}
    assert "certificates" not in places_of(school, ("zoe-4711", "łukasik"))
    assert [row["detail"] for row in audited(school)] == [{"certificates": 2}]


async def test_where_the_files_cannot_be_deleted_the_rows_stay_until_they_can(
    school: World, files: FaultyBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(school, years=1)
    school.clock.advance(2 * YEAR)

    async def refuse(_keys: Any) -> None:
        raise BucketUnavailable("refused")

    with monkeypatch.context() as patch:
        patch.setattr(files, "delete", refuse)
        await school.sweep()
    assert not school.database.query("SELECT 1 FROM certificates WHERE erased_at IS NOT NULL OR file = ''")
    await school.sweep()
    assert not [key for key in files.objects if "/certificates/" in key]
    assert not school.database.query("SELECT 1 FROM certificates WHERE erased_at IS NULL")


async def test_an_event_that_comes_later_has_its_own_time(school: World) -> None:
    keep(school, days=5)
    school.clock.advance(6 * DAY)
    await school.sweep()
    [row] = school.database.query("SELECT code FROM certificates WHERE ref = ?", ZOE["ref"])
    entry = Entry(0, "tok_1", "site", "certificate.revoke", row["code"], None, SITE)
    await changes.revoke(school.services, school.scope, row["code"], "a mistake", entry)
    await school.sweep()
    assert len(school.database.query("SELECT 1 FROM callbacks WHERE data LIKE '%zoe-4711%'")) == 1
    school.clock.advance(6 * DAY)
    await school.sweep()
    assert not school.database.query("SELECT 1 FROM callbacks")


async def test_a_person_whose_jobs_time_is_over_is_still_found_by_their_certificate(school: World) -> None:
    keep(school, days=1)
    school.clock.advance(2 * DAY)
    for _ in range(3):
        await school.sweep()

    def note(target: str, detail: Any) -> Entry:
        return Entry(0, "tok_1", "site", "privacy.erase", target, None, SITE, None, detail)

    who = Person.named(ZOE["ref"], ZOE["email"])
    erased = await privacy.erase(school.services, school.scope, who, note)
    assert (erased.counts["certificates"], erased.counts["suppressions"], erased.next) == (1, 1, None)
    assert places_of(school) == []
