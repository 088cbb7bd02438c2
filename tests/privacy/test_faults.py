"""An erasure, or a sweep, that is cut off at any call to the database or the bucket comes to its end when repeated."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import BucketUnavailable, DatabaseBusy, DatabaseUncertain, Unavailable
from privacy import retention
from runtime.ports import Row, Statement
from tests.doubles.bucket import FaultyBucket
from tests.doubles.provider import Crash
from tests.privacy.conftest import TRACES, erase, everything, places_of
from tests.worlds.world import World

pytestmark = pytest.mark.long

FAULTS = ("refused", "lost_before", "lost_after", "crash_before", "crash_after")
CALLS = 14  # more than either makes


@dataclass
class Plan:
    """Strikes at the call of this number, `times` calls long; 0 is the first."""

    number: int
    fault: str
    times: int = 1
    calls: int = 0

    def __call__(self, error: type[Unavailable], lost: type[Unavailable]) -> tuple[BaseException | None, bool]:
        """What is raised now, and whether it was done nevertheless."""
        strikes = self.number <= self.calls < self.number + self.times
        self.calls += 1
        if not strikes:
            return None, True
        kind = {"refused": error, "lost_before": lost, "lost_after": lost}.get(self.fault)
        return (kind("struck") if kind else Crash()), self.fault.endswith("after")


@dataclass
class Struck:
    """The database and the files of a world, with a plan between; `order` is what was done to them."""

    world: World
    plan: Plan
    files: FaultyBucket
    order: list[str] = field(default_factory=list)

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        error, done = self.plan(DatabaseBusy, DatabaseUncertain)
        rows = await self.world.database.batch(statements) if done else []
        self.order += ["rows"] if done and any("SET ref" in statement.sql for statement in statements) else []
        if error:
            raise error
        return rows

    async def keys(self, prefix: str, limit: int = 1000) -> list[str]:
        error, _ = self.plan(BucketUnavailable, BucketUnavailable)
        if error:
            raise error
        return await self.files.keys(prefix, limit)

    async def delete(self, keys: Sequence[str]) -> None:
        error, done = self.plan(BucketUnavailable, BucketUnavailable)
        if done:
            await self.files.delete(keys)
            self.order.append("files")
        if error:
            raise error


def strike(world: World, plan: Plan) -> Struck:
    assert isinstance(world.services.files, FaultyBucket)
    struck = Struck(world, plan, world.services.files)
    for name in ("database", "files"):
        object.__setattr__(world.services, name, struck)
    return struck


def heal(world: World, struck: Struck) -> None:
    object.__setattr__(world.services, "database", world.database)
    object.__setattr__(world.services, "files", struck.files)


async def again_and_again(task: Callable[[], Awaitable[Any]]) -> None:
    for _ in range(20):
        with contextlib.suppress(Unavailable, Crash):
            await task()
            return
    raise AssertionError("it never comes to its end")


def is_whole(world: World) -> None:
    """No file without its row, and counters that equal the rows."""
    world.check()
    kept = world.database.query("SELECT file FROM certificates WHERE erased_at IS NULL")
    assert isinstance(world.services.files, FaultyBucket)
    certificates = {key for key in world.services.files.objects if "/certificates/" in key}
    assert certificates == {row["file"] for row in kept}


@pytest.mark.parametrize(  # some that are repeated in the call, and some that outlast the repetitions
    ("fault", "times"), [*((fault, 1) for fault in FAULTS), ("refused", 8), ("lost_after", 8)]
)
@pytest.mark.parametrize("number", range(CALLS))
async def test_an_erasure_cut_off_anywhere_is_completed_by_asking_again(
    school: World, number: int, fault: str, times: int
) -> None:
    struck = strike(school, Plan(number, fault, times))
    await again_and_again(lambda: erase(school))
    calls = struck.plan.calls
    heal(school, struck)
    assert places_of(school) == []
    is_whole(school)
    assert len(school.database.query("SELECT 1 FROM certificates WHERE erased_at IS NULL")) == 1
    hashed = school.database.query("SELECT reason FROM suppressions WHERE email LIKE 'hash:%' ORDER BY reason")
    assert [row["reason"] for row in hashed] == ["erased", "unsubscribe"]
    assert len(school.database.query("SELECT 1 FROM audit WHERE action = 'privacy.erase'")) == 2
    assert calls <= CALLS + 20 * times, "the plan does not reach every call"


async def test_the_plan_reaches_every_call_of_an_erasure_and_the_files_go_first(school: World) -> None:
    struck = strike(school, Plan(CALLS, "crash_before"))
    await erase(school)
    assert struck.plan.calls <= CALLS
    assert struck.order == ["files", "rows"]


@pytest.mark.parametrize("fault", ["refused", "lost_after", "crash_after"])
@pytest.mark.parametrize("number", range(26))
async def test_a_sweep_cut_off_anywhere_is_completed_by_the_next(
    school: World, monkeypatch: pytest.MonkeyPatch, number: int, fault: str
) -> None:
    monkeypatch.setattr(retention, "PEOPLE", 1)
    monkeypatch.setattr(retention, "EVENTS", 1)
    school.database.query("UPDATE sites SET keep_people_days = 1, keep_certificate_years = 1")
    school.clock.advance(400 * 86_400)
    plan = Plan(number, fault)
    struck = strike(school, plan)
    for _ in range(6):
        with contextlib.suppress(Unavailable, Crash):
            await retention.sweep(school.services)
    heal(school, struck)
    assert plan.calls > number
    assert places_of(school, tuple(trace for trace in TRACES if trace != "lukasik")) == ["suppressions"]
    assert not struck.files.objects
    assert not school.database.query("SELECT 1 FROM jobs WHERE erased_at IS NULL")
    is_whole(school)
    assert len(school.database.query("SELECT 1 FROM audit WHERE action = 'privacy.retention'")) == 4


async def test_a_dry_run_that_fails_has_changed_nothing(school: World) -> None:
    before = everything(school)
    for number in range(6):
        struck = strike(school, Plan(number, "crash_after"))
        with contextlib.suppress(Crash):
            await erase(school, dry_run=True)
        heal(school, struck)
        assert everything(school) == before
