"""Whoever is looked for among a job's people is found, and no more is read for it than a page's bound."""

from typing import Any

import pytest

from core.scope import Scope
from core.states import RecipientState
from jobs import people
from jobs.people import Group, Place
from store import people_lists
from store.people_lists import Filter
from tests.doubles.d1 import Counting
from tests.worlds.world import SITE, World, person

FAILED, UNCERTAIN, SENT = RecipientState.FAILED, RecipientState.UNCERTAIN, RecipientState.SENT


def end(world: World, job: str, state: str, reason: str | None, where: str) -> None:
    """Say what became of some, as if they had been sent to."""
    world.database.query(
        f"UPDATE recipients SET state = ?, reason = ? WHERE job_id = ? AND {where}", state, reason, job
    )
    states = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")
    counts = ", ".join(
        f"""{each} = (SELECT count(*) FROM recipients r WHERE r.job_id = batches.job_id AND r.state = '{each}'
            AND r.position / 200 = batches.number)"""
        for each in states
    )
    world.database.query(f"UPDATE batches SET {counts} WHERE job_id = ?", job)


async def found(world: World, job: str, limit: int = 50, scope: Scope | None = None, **chosen: Any) -> list[int]:
    """The positions of all that are found, over all pages."""
    positions: list[int] = []
    place: Place | None = None
    row = await world.show(job)
    for _ in range(1_000):
        rows, place = await people.page(world.services, scope, row, Filter(**chosen), place, limit)
        assert len(rows) <= limit
        positions += [row["position"] for row in rows]
        if place is None:
            return positions
    raise AssertionError("there is no end of pages")


async def test_everybody_comes_in_the_order_they_were_sent(world: World) -> None:
    job = await world.draft(7)
    assert (
        await found(world, job) == await found(world, job, limit=3) == await found(world, job, limit=7) == [*range(7)]
    )
    assert await found(world, await world.draft(0)) == []


async def test_people_are_found_by_state_and_reason(world: World) -> None:
    job = await world.draft(1_000)
    end(world, job, "failed", "b", "position IN (3, 5)")
    end(world, job, "failed", "a", "position IN (900, 7, 901)")
    end(world, job, "uncertain", "a", "position = 9")
    end(world, job, "suppressed", "unsubscribe", "position IN (4, 999)")
    for limit in (1, 2, 50):
        assert await found(world, job, limit, state=FAILED) == [7, 900, 901, 3, 5]  # by reason
        assert await found(world, job, limit, state=FAILED, reason="a") == [7, 900, 901]
        assert await found(world, job, limit, state=UNCERTAIN) == [9]
        assert await found(world, job, limit, state=RecipientState.SUPPRESSED) == [4, 999]
        assert await found(world, job, limit, state=RecipientState.SUPPRESSED, reason="manual") == []
        assert await found(world, job, limit, reason="a") == [7, 9, 900, 901]
        assert await found(world, job, limit, state=SENT) == []
    assert len(await found(world, job, state=RecipientState.PENDING)) == 992


async def test_people_are_found_by_how_their_reference_begins(world: World) -> None:
    refs = ["12", "1", "120", "13", "é1", "é", "2", "1\U0010fffe"]
    job = await world.draft([person(number, ref=ref) for number, ref in enumerate(refs)])
    end(world, job, "failed", "a", "ref IN ('12', '13')")
    for limit in (1, 2, 50):
        assert [refs[at] for at in await found(world, job, limit, ref="1")] == ["1", "12", "120", "13", "1\U0010fffe"]
        assert [refs[at] for at in await found(world, job, limit, ref="12")] == ["12", "120"]
        assert [refs[at] for at in await found(world, job, limit, ref="é")] == ["é", "é1"]
        assert await found(world, job, limit, ref="%") == []
        assert [refs[at] for at in await found(world, job, limit, ref="1", state=FAILED)] == ["12", "13"]


async def test_people_are_found_by_their_whole_address(world: World) -> None:
    job = await world.draft([*map(person, range(5)), person(5, email="PERSON3@example.com")])
    end(world, job, "failed", "a", "position = 3")
    assert await found(world, job, email="person3@EXAMPLE.com") == [3, 5]
    assert await found(world, job, email="person3@example.com", state=FAILED) == [3]
    assert await found(world, job, email="person3@example.com", ref="5") == [5]
    assert await found(world, job, email="person3") == []


async def test_a_page_looks_at_so_many_people_and_says_where_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "SCAN", 100)
    job = await world.draft(1_000)
    row = await world.show(job)
    rows, place = await people.page(world.services, None, row, Filter(email="person950@example.com"), None, 50)
    assert (rows, place) == ([], (99, ""))
    assert await found(world, job, email="person950@example.com") == [950]
    assert await found(world, job, ref="9", email="person950@example.com") == [950]
    assert len(await found(world, job, ref="")) == 1_000
    # a batch that has nobody in the state is passed over at once
    end(world, job, "cancelled", "cancelled", "position = 999")
    rows, place = await people.page(world.services, None, row, Filter(RecipientState.CANCELLED), None, 50)
    assert ([each["position"] for each in rows], place) == ([], (899, ""))
    assert await found(world, job, state=RecipientState.CANCELLED) == [999]


async def test_nobody_of_another_company_or_site_is_found(world: World) -> None:
    job = await world.draft(3, scope=Scope(SITE, "acme"))
    end(world, job, "failed", "a", "position = 0")
    end(world, job, "cancelled", "a", "position = 1")
    row = await world.show(job)
    searches: list[dict[str, Any]] = [
        *({}, {"state": FAILED}, {"state": RecipientState.CANCELLED}, {"ref": "0"}),
        *({"email": "person0@example.com"}, {"reason": "a"}),
    ]
    for scope in (Scope(SITE, "rival"), Scope("site_" + "b" * 32)):
        for search in searches:
            assert await people.page(world.services, scope, row, Filter(**search), None, 5) == ([], None)
        for statement in (
            people_lists.one(scope, job, 0),
            people_lists.place_of(scope, job, "0"),
            people_lists.refs_at(scope, job, "[0]"),
            people_lists.groups(scope, job, 10),
        ):
            assert await world.services.database.all(statement) == []


async def groups(world: World, job: str) -> list[Group]:
    rows = await world.services.database.all(people_lists.groups(None, job, people.COUNTED))
    return people.groups(await world.show(job), rows)


async def test_what_went_wrong_is_counted_by_state_and_reason(world: World) -> None:
    job = await world.draft(400)
    assert await groups(world, job) == []
    end(world, job, "failed", "b", "position < 20")
    end(world, job, "failed", "a", "position BETWEEN 20 AND 22")
    end(world, job, "uncertain", "a", "position BETWEEN 30 AND 34")
    assert await groups(world, job) == [
        Group("failed", "b", 20, False),
        Group("uncertain", "a", 5, False),
        Group("failed", "a", 3, False),
    ]


async def test_a_group_too_large_to_be_counted_is_told_by_the_jobs_counter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "COUNTED", 10)
    job = await world.draft(400)
    end(world, job, "failed", "a", "position < 250")
    end(world, job, "failed", "b", "position BETWEEN 250 AND 252")
    end(world, job, "uncertain", "c", "position BETWEEN 300 AND 339")
    assert await groups(world, job) == [
        Group("failed", "a", 250, False),
        Group("uncertain", "c", 40, False),
        Group("failed", "b", 3, False),
    ]
    end(world, job, "failed", "b", "position BETWEEN 250 AND 299")
    assert [group for group in await groups(world, job) if group.state == "failed"] == [
        Group("failed", "a", 10, True),
        Group("failed", "b", 10, True),
    ]


async def test_a_page_costs_the_same_with_ten_thousand_people_as_with_fifty_thousand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.worlds.world.SqliteDatabase", Counting)
    world = World()
    database = world.database
    assert isinstance(database, Counting)
    searches = [
        *(Filter(), Filter(FAILED), Filter(FAILED, "b"), Filter(RecipientState.SUPPRESSED), Filter(SENT)),
        *(Filter(ref="1"), Filter(ref="nobody"), Filter(email="x@example.com"), Filter(reason="none")),
        Filter(UNCERTAIN, email="x@example.com"),
    ]
    counted: list[list[int]] = []
    for size in (10_000, 50_000):
        job = await world.draft(0)
        database.query(
            f"""WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {size})
                INSERT INTO recipients (job_id, position, ref, email, name, variables, state, reason, updated_at)
                SELECT ?, i, i, i || '@example.com', '', '{{}}', iif(i % 2, 'failed', 'sent'),
                  CASE WHEN i % 2 = 0 THEN NULL WHEN i < 6000 THEN 'a' ELSE 'b' END, 0 FROM n""",
            job,
        )
        database.query(
            """INSERT INTO batches (job_id, number, state, total, sent, failed)
               SELECT job_id, position / 200, 'done', count(*), sum(state = 'sent'), sum(state = 'failed')
               FROM recipients WHERE job_id = ? GROUP BY 2""",
            job,
        )
        row = await world.show(job)
        steps = []
        for chosen in searches:
            await people.page(world.services, None, row, chosen, Place(5_000, "b"), 50)
            steps.append(database.steps)
        await groups(world, job)
        counted.append([*steps, database.steps])
    for few, many in zip(*counted, strict=True):
        assert many < few * 1.1 + 5_000, counted  # a job's batches are counted: 250 of them at 50,000 people
