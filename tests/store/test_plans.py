"""No statement of the sending path reads a whole job, let alone a whole table."""

import re

from runtime.ports import Statement
from tests.doubles.d1 import SqliteDatabase
from tests.worlds.world import World, person

SETTLED = ("recipients", "batches", "callbacks", "jobs")


async def test_sending_reaches_people_by_position_and_batches_by_number(world: World) -> None:
    seen: dict[str, Statement] = {}
    real = world.database.batch

    async def batch(statements: list[Statement]) -> object:
        seen.update({statement.sql: statement for statement in statements})
        return await real(statements)

    world.database.batch = batch  # type: ignore[method-assign, assignment]
    await world.draft([person(number) for number in range(300)])
    seen.clear()  # appending may read its batch, starting may read the job
    world.database.query("UPDATE jobs SET state = 'queued'")
    world.database.query("UPDATE batches SET due_at = 0")
    await world.sweep()
    await world.work()
    assert len(seen) > 15
    assert not [line for sql in seen.values() for line in whole_reads(world.database, sql)]


def whole_reads(database: SqliteDatabase, statement: Statement) -> list[str]:
    """The lines of the query plan that read a table from end to end, or a job's people from first to last."""
    plan = [row["detail"] for row in database.query(f"EXPLAIN QUERY PLAN {statement.sql}", *statement.parameters)]
    scans = [line for line in plan if re.fullmatch(rf"SCAN ({'|'.join(SETTLED)}|[a-z]{{1,2}})( .*)?", line)]
    whole_jobs = [line for line in plan if line == "SEARCH recipients USING PRIMARY KEY (job_id=?)"]
    partial = ("batches_leased", "batches_due", "batches_queued", "jobs_scheduled", "callbacks_due", "VIRTUAL TABLE")
    return [line for line in scans + whole_jobs if not any(index in line for index in partial)]
