"""A fault at any single call that the product makes for a job, in any way it can fail, loses and doubles nobody.

`make test` strikes at the first call of every function; `make faults` at all of them.
"""

import os
from collections import defaultdict

import pytest

from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import KINDS, At, Calm

EVERYWHERE = bool(os.environ.get("FAULTS_SEEDS"))
SETTINGS = {"BATCH_SIZE": "5"}


async def scenario(deployment: Deployment) -> None:
    deployment.storm()
    await deployment.north.job(8)
    await deployment.south.job(8)


def calls() -> dict[str, list[tuple[int, str]]]:
    """The numbers of the calls by the function that makes them, in a history without faults."""
    seen = Calm()
    simulate(scenario, faults=seen, settings=SETTINGS)
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, (kind, point) in enumerate(seen.seen):
        found[f"{kind} {point}"].append((number, kind))
    return {name: places if EVERYWHERE else places[:1] for name, places in found.items()}


CALLS = calls()


@pytest.mark.parametrize("name", CALLS)
def test_one_fault_at_any_call_loses_nobody_and_doubles_nobody(name: str) -> None:
    for number, kind in CALLS[name]:
        for fault in KINDS[kind]:
            try:
                simulate(scenario, faults=At(number, fault), settings=SETTINGS)
            except AssertionError as error:
                raise AssertionError(f"{fault} at call {number} ({name})") from error
