"""Transactions that must not be given up lightly.

The promise: a transaction that is safe to repeat is repeated while the database is busy or its answer was lost.
"""

from collections.abc import Sequence

from core.errors import Unavailable
from runtime.ports import Row, Statement
from runtime.services import Services
from sending import backoff

ATTEMPTS = 6


async def persist(
    services: Services, statements: Sequence[Statement], repeat_on: type[Unavailable] = Unavailable
) -> list[list[Row]]:
    """Run one transaction whose repetition changes nothing more; raises what the last of 6 attempts raised. With
    `repeat_on=DatabaseBusy` it is repeated only while it was certainly not executed."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await services.database.batch(statements)
        except repeat_on:
            await services.clock.sleep(backoff.delay(attempt, services.random, base=1))
    return await services.database.batch(statements)
