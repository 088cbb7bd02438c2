"""The overview says what stands, to the operator, a site and a company their own, in a bounded number of rows."""

import pytest

from core.errors import CredentialsRejected, OutcomeUnknown
from core.scope import Scope
from mail.message import OutgoingMail
from monitoring import overview
from store import overview as rows
from tests.doubles.d1 import Counting
from tests.worlds.world import SITE, World, person

OTHER = "site_" + "b" * 32
DAY = 86_400


@pytest.fixture
def other(world: World) -> Scope:
    world.add_site(OTHER, send_rate=2.0, daily_quota=100)
    return Scope(OTHER)


async def test_what_waits_and_what_runs_is_counted_by_site(world: World, other: Scope) -> None:
    await world.job(450)
    await world.job(7, scope=other)
    await world.draft(1000)
    seen = await overview.read(world.services, None)
    assert (seen.total.pending, seen.total.jobs) == (457, {"queued": 2})
    assert [(site.id, site.numbers.pending) for site in seen.sites] == [(SITE, 450), (OTHER, 7)]
    assert seen.batches["queued"].count + seen.batches["pending"].count == 4
    assert {job["site_id"] for job in seen.open_jobs} == {SITE, OTHER}
    await world.work()
    seen = await overview.read(world.services, None)
    assert (seen.total.pending, seen.total.jobs, seen.open_jobs) == (0, {}, [])
    assert seen.total.people == {"sent": 457}
    assert [batches.count for batches in seen.batches.values()] == [0, 0, 0]


async def test_a_site_and_a_company_see_their_own_and_nothing_else(world: World, other: Scope) -> None:
    mine = Scope(SITE, "acme")
    await world.job(3, scope=other)
    await world.job(5, scope=mine)
    await world.job(11)
    job = await world.job(2, scope=Scope(SITE, "rival"))
    await world.bury({"job": job, "batch": 0, "reason": "poison"})
    world.database.query("UPDATE callbacks SET state = 'dead'")

    async def pending(scope: Scope | None) -> tuple[int, int, int, int]:
        seen = await overview.read(world.services, scope)
        queued = sum(batches.count for batches in seen.batches.values())
        return seen.total.pending, queued, seen.total.dead_letters, seen.total.callbacks["dead"]

    assert await pending(None) == (19, 3, 1, 2)
    assert await pending(Scope(SITE)) == (16, 2, 1, 2)
    assert await pending(mine) == (5, 1, 0, 0)
    assert await pending(other) == (3, 1, 0, 0)
    seen = await overview.read(world.services, mine)
    assert [site.used for site in seen.sites] == [None]


async def test_the_rate_is_that_of_the_last_minute_also_over_midnight(world: World) -> None:
    world.clock.milliseconds = 1_795_046_400_000 + 86_340_000  # 23:59 UTC
    await world.job(60)
    await world.work()
    seen = await overview.read(world.services, None)
    assert seen.total.rate == pytest.approx(1, rel=0.05)
    world.clock.advance(60)  # of the minute before, all are still within the last minute
    assert (await overview.read(world.services, None)).total.rate == pytest.approx(1, rel=0.05)
    world.clock.advance(30)
    assert (await overview.read(world.services, None)).total.rate == pytest.approx(0.5, rel=0.1)
    await world.job(30)
    await world.work()
    assert (await overview.read(world.services, None)).total.rate == pytest.approx(1, rel=0.1)
    world.clock.advance(120)
    assert (await overview.read(world.services, None)).total.rate == 0


async def test_a_used_up_quota_and_the_nights_are_in_what_is_left(world: World, other: Scope) -> None:
    await world.job(250, scope=other)
    [site] = (await overview.read(world.services, other)).sites
    assert (site.used, site.quota, site.eta_seconds) == (0, 100, 125 + 2 * DAY)
    await world.work()
    seen = await overview.read(world.services, other)
    assert (seen.sites[0].used, seen.total.paused) == (100, {"quota_exhausted": 1})


async def test_bounces_complaints_and_callbacks_are_shares(world: World) -> None:
    day = "2026-11-18"
    world.clock.milliseconds = 1_795_046_400_000
    seen = await overview.read(world.services, None)
    assert (seen.total.bounces.value, seen.total.delivery.value) == (None, None)
    statement = """INSERT INTO usage (site_id, day, company, sent, bounced, complained, posts, posts_accepted)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
    world.database.query(statement, SITE, "2026-11-19", "", 900, 20, 1, 50, 0)
    world.database.query(statement, SITE, "2026-11-12", "", 900, 90, 9, 50, 0)  # too long ago
    world.database.query(statement, SITE, day, "acme", 100, 0, 0, 10, 8)
    seen = await overview.read(world.services, None)
    assert seen.total.bounces.value == pytest.approx(20 / 1000)
    assert seen.total.complaints.value == pytest.approx(1 / 1000)


async def test_of_yesterday_only_what_the_last_day_still_reaches_counts(world: World) -> None:
    world.clock.milliseconds = 1_795_046_400_000 + 6 * 3_600_000  # 06:00: a quarter of the day is over
    today, yesterday = overview._day(world.clock.now()), overview._day(world.clock.now(), 1)
    statement = "INSERT INTO usage (site_id, day, posts, posts_accepted) VALUES (?, ?, ?, ?)"
    world.database.query(statement, SITE, yesterday, 100, 50)
    world.database.query(statement, SITE, today, 25, 25)
    seen = await overview.read(world.services, None)
    assert seen.total.delivery == overview.Share(0.75 * 50 + 25, 0.75 * 100 + 25)


async def test_what_stands_still_is_told_with_its_age(world: World) -> None:
    world.database.query("UPDATE sites SET callback_url = 'https://moodle.example/'")
    job = await world.job(3)
    began = world.clock.now()
    world.batches.sent.clear()
    await world.bury({"job": job, "batch": 0, "reason": "poison"})
    world.clock.advance(3600)
    seen = await overview.read(world.services, None)
    assert (seen.total.oldest_dead_letter, seen.total.oldest_callback) == (began, began)
    assert seen.total.callbacks == {"pending": 2}
    assert seen.swept_at is None
    await world.sweep()
    assert (await overview.read(world.services, None)).swept_at == world.clock.now()


async def test_a_lease_that_died_is_told(world: World) -> None:
    await world.job(3)
    world.database.query("UPDATE batches SET state = 'processing', lease_until = ?", world.clock.now() - 1)
    seen = await overview.read(world.services, None)
    assert (seen.batches["processing"].count, seen.batches["processing"].past) == (1, 1)


async def test_a_dead_letter_without_a_site_is_the_operators(world: World) -> None:
    await world.bury({"nonsense": 1})
    assert (await overview.read(world.services, None)).total.dead_letters == 1
    assert (await overview.read(world.services, Scope(SITE))).total.dead_letters == 0


async def test_paused_jobs_are_counted_by_why(world: World) -> None:
    def refuse(_mail: OutgoingMail) -> str:
        raise CredentialsRejected("unauthorized")

    world.provider.script = refuse
    await world.job(3)
    await world.work()
    assert (await overview.read(world.services, None)).total.paused == {"credentials_rejected": 1}


async def test_whoever_is_found_to_have_been_mailed_counts_in_the_quota_of_their_day(world: World) -> None:
    def lose(_mail: OutgoingMail) -> str:
        raise OutcomeUnknown("response_lost")

    world.provider.script = lose
    job = await world.job([person(number) for number in range(4)])
    await world.work()
    assert world.database.query("SELECT * FROM usage") == []
    day = overview._day(world.clock.now())
    world.clock.advance(3 * DAY)
    from jobs import actions as jobs

    for _ in range(2):
        await jobs.resolve(world.services, world.scope, job, jobs.Selection("uncertain", None, None))
    assert world.database.query("SELECT day, sent FROM usage") == [{"day": day, "sent": 4}]


async def test_the_months_cost_is_of_this_month(world: World) -> None:
    world.clock.milliseconds = 1_795_996_800_000  # 2026-11-30 00:00
    await world.job(10)
    await world.work()
    cost = await overview.month(world.services)
    assert {line.price.what: line.amount for line in cost.lines}["D1 rows written"] > 10
    world.clock.advance(DAY)
    cost = await overview.month(world.services)
    assert {line.price.what: line.amount for line in cost.lines}["D1 rows written"] == 0
    assert cost.total == 5


# how much is read


@pytest.mark.long
@pytest.mark.parametrize("scope", [None, Scope(SITE), Scope(SITE, "acme")])
async def test_what_has_ended_costs_nothing(monkeypatch: pytest.MonkeyPatch, scope: Scope | None) -> None:
    import queue_consumer

    monkeypatch.setattr("tests.worlds.world.SqliteDatabase", Counting)
    world = World()
    monkeypatch.setattr(queue_consumer, "provider_for", lambda *_: world.provider)
    database = world.database
    assert isinstance(database, Counting)
    await world.job(3)
    await overview.read(world.services, scope)
    few = database.steps
    for company in (None, "acme"):
        job = await world.job(2000, scope=Scope(SITE, company))
        await world.work()
    await world.bury({"job": job, "batch": 9, "reason": "poison"})
    world.database.query("UPDATE dead_letters SET state = 'discarded'")
    world.database.query("UPDATE callbacks SET state = 'delivered', due_at = NULL")
    world.clock.advance(8 * DAY)
    await world.job(3)
    await overview.read(world.services, scope)
    assert database.steps < few * 1.6


def test_every_statement_is_bounded_by_an_index(world: World) -> None:
    """Only the sites are read from end to end, of which there are few."""
    now = world.clock.now()
    for scope in (None, Scope(SITE), Scope(SITE, "acme")):
        statements = [
            *(rows.sites(scope, now), rows.jobs(scope), rows.open_jobs(scope, 5), rows.people(scope, now)),
            *(rows.batches(scope, now), rows.dead_letters(scope), rows.callbacks(scope)),
            *(rows.usage(scope, "2026-11-01", now), rows.done_since("2026-11-01"), rows.certificates()),
        ]
        for sql, parameters in statements:
            plan = [row["detail"] for row in world.database.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
            partial = ("jobs_open", "batches_", "dead_letters_open", "callbacks_due", "callbacks_dead")
            scans = [line for line in plan if line.startswith("SCAN") and not any(index in line for index in partial)]
            derived = ("SCAN s", "SCAN g", "SCAN CONSTANT ROW", "SCAN (subquery")
            assert not [line for line in scans if not line.startswith(derived)], plan
