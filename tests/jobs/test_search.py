"""Jobs that are looked for are found, and no more is read for it than a page's bound."""

from typing import Any

import pytest

from core.scope import Scope
from core.states import JobKind, JobState
from jobs import search
from store import job_lists
from store.job_lists import Filter, Place
from tests.doubles.d1 import Counting
from tests.worlds.world import SITE, World

OTHER = "site_" + "b" * 32
HOUR = 3_600


@pytest.fixture
async def many(world: World) -> World:
    """Thirty jobs, an hour apart: every third of them a company's, the last five of another site."""
    world.add_site(OTHER)
    for number in range(30):
        site = OTHER if number >= 25 else SITE
        company = "acme" if number % 3 == 0 else None
        await world.draft(1, name=f"Course {number:02}", scope=Scope(site, company))
        world.clock.advance(HOUR)
    return world


async def names(world: World, scope: Scope | None, limit: int = 100, **chosen: Any) -> list[str]:
    """All that is found, over all pages; and no page is longer than it may be."""
    found: list[str] = []
    place: Place | None = None
    for _ in range(100):
        rows, place = await search.page(world.services, scope, Filter(**chosen), place, limit)
        assert len(rows) <= limit
        found += [row["name"].removeprefix("Course ") for row in rows]
        if place is None:
            return found
    raise AssertionError("there is no end of pages")


async def test_the_newest_come_first_and_every_page_goes_on_where_the_last_one_ended(many: World) -> None:
    everything = [f"{number:02}" for number in reversed(range(30))]
    assert await names(many, None) == await names(many, None, limit=7) == await names(many, None, limit=1) == everything
    assert await names(many, Scope(SITE), limit=4) == everything[5:]
    assert await names(many, Scope(SITE, "acme"), limit=2) == [f"{number:02}" for number in range(24, -1, -3)]


async def test_each_filter_finds_what_it_names(many: World) -> None:
    many.database.query("UPDATE jobs SET state = 'paused' WHERE name = 'Course 07'")
    many.database.query("UPDATE jobs SET kind = 'certificate' WHERE name = 'Course 08'")
    many.database.query("UPDATE jobs SET name = '100 % of Ärzte' WHERE name = 'Course 09'")
    assert await names(many, None, state=JobState.PAUSED) == ["07"]
    assert await names(many, None, kind=JobKind.CERTIFICATE) == ["08"]
    assert await names(many, None, words="0 % OF") == ["100 % of Ärzte"]
    assert await names(many, None, words="%") == ["100 % of Ärzte"]
    assert await names(many, None, words="course 0", company="acme") == ["06", "03", "00"]
    assert await names(many, Scope(SITE), company="acme", words="2") == ["24", "21", "12"]
    [third] = many.database.query("SELECT created_at FROM jobs WHERE name = 'Course 03'")
    day = third["created_at"]
    assert await names(many, None, since=day, until=day + 2 * HOUR * 1000) == ["04", "03"]


async def test_a_company_sees_its_own_whatever_it_asks_for(many: World) -> None:
    assert await names(many, Scope(SITE, "acme"), company="rival") == []
    assert await names(many, Scope(SITE, "rival"), company="acme") == []
    assert await names(many, Scope(OTHER), company="acme") == ["27"]


async def test_a_page_looks_at_so_many_jobs_and_says_where_to_go_on(
    many: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SCAN", 10)
    rows, place = await search.page(many.services, None, Filter(words="Course 02"), None, 5)
    assert (rows, place is not None) == ([], True)
    assert await names(many, None, words="Course 02") == ["02"]
    assert await names(many, None, words="nothing of the kind") == []


@pytest.mark.parametrize(
    ("scope", "index"),
    [(None, "jobs_of_all"), (Scope(SITE), "jobs_newest"), (Scope(SITE, "acme"), "jobs_of_company")],
)
async def test_jobs_are_read_in_their_order_from_an_index(world: World, scope: Scope | None, index: str) -> None:
    chosen, before = Filter(JobState.PAUSED, words="x"), Place(5, "job")
    for sql, parameters in (
        job_lists.page(scope, chosen, before, 10, 10),
        job_lists.end_of_scan(scope, chosen, before, 10),
    ):
        plan = [row["detail"] for row in world.database.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
        place = next(number for number, line in enumerate(plan) if line.startswith("SEARCH jobs"))
        assert f"USING INDEX {index} " in plan[place].replace("COVERING ", "")
        assert "created_at" in plan[place]
        # what was looked at may be sorted; what is looked at comes in its order
        assert not [line for line in plan[:place] if "TEMP B-TREE" in line]


async def test_a_page_costs_the_same_with_a_hundred_jobs_as_with_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.worlds.world.SqliteDatabase", Counting)
    world = World()
    database = world.database
    assert isinstance(database, Counting)

    def grow(first: int, end: int) -> None:
        database.query(
            f"""WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {end})
                INSERT INTO jobs (id, site_id, company, kind, name, state, batch_size, created_at)
                SELECT 'job_' || i, ?, 'company ' || (i % 7), 'email', 'Course ' || i, 'completed', 50, i FROM n""",
            SITE,
        )

    async def steps() -> list[int]:
        counted = []
        for scope in (None, Scope(SITE), Scope(SITE, "company 3")):
            for chosen in (Filter(), Filter(company="company 3"), Filter(words="nothing"), Filter(JobState.PAUSED)):
                await search.page(world.services, scope, chosen, None, 50)
                counted.append(database.steps)
        return counted

    grow(0, 8_000)
    few = await steps()
    grow(8_000, 32_000)
    assert all(more < before * 1.1 for more, before in zip(await steps(), few, strict=True))
