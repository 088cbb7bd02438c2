"""D1 in a process: real SQLite with D1's limits enforced, the schema of migrations/ applied."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from runtime.ports import Parameter, Row, Statement

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
ALL = sorted(MIGRATIONS.glob("*.sql"))

# developers.cloudflare.com/d1/platform/limits: per statement, on every plan
MAX_PARAMETERS = 100
MAX_SQL_BYTES = 100_000
MAX_VALUE_BYTES = 2_000_000
MAX_INTEGER = 2**53 - 2  # Pyodide passes larger ones as BigInt, which D1 refuses

EVERY = 10  # steps of SQLite's virtual machine that are counted at once


class SqliteDatabase:
    """Answers the same statements as D1, after all migrations or those given. `statements` counts what was run,
    `transactions` in how many."""

    def __init__(self, migrations: Iterable[Path] | None = None) -> None:
        # some tests make it in one thread and use it in another, one after the other
        self.connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, cached_statements=1000
        )
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA foreign_keys = ON")
        if migrations is None:
            self.connection.deserialize(_migrated())
        else:
            self.migrate(migrations)
        self.statements = 0
        self.transactions = 0

    def migrate(self, migrations: Iterable[Path]) -> None:
        """Each in a transaction of its own."""
        for migration in migrations:
            try:
                self.connection.executescript(f"BEGIN;\n{migration.read_text()}\nCOMMIT;")
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.transactions += 1
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            results = [self._run(statement) for statement in statements]
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return results

    async def size(self) -> int:
        [row] = self.query("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()")
        return int(row["bytes"])

    def query(self, sql: str, *parameters: Parameter) -> list[Row]:
        """For a test's own look at the data."""
        return [dict(row) for row in self.connection.execute(sql, parameters)]

    def _run(self, statement: Statement) -> list[Row]:
        self.statements += 1
        sql, parameters = statement
        assert len(parameters) <= MAX_PARAMETERS, "D1: too many SQL variables"
        _check_sql(sql)
        for value in parameters:
            _check(value)
        # a number of JavaScript's is a REAL there, so that ?1 / 2 has a fraction
        bound = [float(value) if type(value) is int else value for value in parameters]
        rows = [dict(row) for row in self.connection.execute(sql, bound)]
        for row in rows:
            for value in row.values():
                _check(value)
        return rows


class Counting(SqliteDatabase):
    """Counts the virtual machine's steps, which grow with the rows that are read."""

    steps = 0

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.steps = 0

        def step() -> int:
            self.steps += EVERY
            return 0

        self.connection.set_progress_handler(step, EVERY)
        try:
            return await super().batch(statements)
        finally:
            self.connection.set_progress_handler(None, 0)


@cache
def _migrated() -> bytes:
    """A database as all migrations leave it: they take longer than most tests."""
    return SqliteDatabase(ALL).connection.serialize()


@cache
def _check_sql(sql: str) -> None:
    assert len(sql.encode()) <= MAX_SQL_BYTES, "D1: SQLITE_TOOBIG"
    assert not sql.lstrip().upper().startswith(("BEGIN", "SAVEPOINT", "COMMIT", "ROLLBACK")), "D1: no transactions"


def _check(value: Parameter) -> None:
    assert value is None or type(value) in (str, int, float, bytes), f"D1: {type(value)} cannot be bound"
    if isinstance(value, int):
        assert abs(value) <= MAX_INTEGER, "D1: BigInt cannot be bound"
    if isinstance(value, str | bytes):
        size = len(value.encode()) if isinstance(value, str) else len(value)
        assert size <= MAX_VALUE_BYTES, "D1: string or blob too big"
