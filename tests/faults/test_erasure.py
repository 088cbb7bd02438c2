"""Whoever is erased while their job is sent leaves no trace and is mailed no more.

A row of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio

import pytest

from tests.faults.deployment import Deployment, Site, person, simulate
from tests.faults.injection import Scripted, Strike

PEOPLE = 60
ERASED = tuple(range(0, PEOPLE, 5))


async def erase(site: Site, number: int) -> str:
    """Until it is done, as it is documented; the state that the person was in when it was asked for first."""
    who = person(number, 1)
    [row] = [row for row in site.people(site.jobs[0]) if row["ref"] == who["ref"]]
    for _ in range(100):
        answer = await site.ask("POST", "/v1/privacy/erase", {"ref": who["ref"], "email": who["email"]})
        if answer.ok and answer.body["next"] is None:
            return str(row["state"])
        assert answer.ok or answer.unknown or answer.body["type"].endswith(":person-in-flight"), answer
        await asyncio.sleep(30)
    raise AssertionError(f"{who['ref']} is not erased")


@pytest.mark.parametrize("whose", ["keyless", "keyed"])
@pytest.mark.parametrize(
    ("where", "fault"),
    [
        (("mail", "nobody"), "crash_before"),
        (("mail", "_attempt"), "crash_before"),
        (("mail", "_attempt"), "crash_after"),
        (("mail", "_attempt"), "stall_after"),
        (("mail", "_attempt"), "lost_after"),
        (("d1", "_record"), "crash_before"),
        (("d1", "_record"), "stall_before"),
        (("d1", "_record"), "lost_late"),
        (("d1", "_erase_rows"), "lost_after"),
        (("d1", "_erase_rows"), "lost_before"),
        (("d1", "_erase_address"), "lost_after"),
    ],
)
def test_row_23_whoever_is_erased_between_claim_and_record_leaves_no_trace_and_is_mailed_no_more(
    where: tuple[str, str], fault: str, whose: str
) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north if whose == "keyless" else deployment.south
        deployment.storm()
        job = await site.job(PEOPLE, rate=40)
        while not site.states(job)["sending"]:
            await asyncio.sleep(0.01)
        found = await asyncio.gather(*(erase(site, number) for number in ERASED))
        assert {"sending", "pending"} <= {*found}
        mailed = {number: site.mails.count(person(number, 1)["email"]) for number in ERASED}
        await deployment.settle()
        rows = site.people(job)
        for number in ERASED:
            who, row = person(number, 1), rows[number]
            assert (row["email"], row["name"], row["message_id"]) == ("", "", None)
            assert row["ref"].startswith("erased-")
            assert site.mails.count(who["email"]) == mailed[number] <= 1
            assert row["state"] in ("sent", "uncertain") if mailed[number] else row["state"] != "sent"
        assert len([row for row in rows if row["email"]]) == PEOPLE - len(ERASED)
        for table in ("recipients", "callbacks", "suppressions", "audit", "callback_attempts"):
            kept = repr(deployment.database.query(f"SELECT * FROM {table}"))
            assert not [number for number in ERASED if person(number, 1)["email"] in kept]
        told = repr(deployment.database.query("SELECT data FROM callbacks WHERE job_id = ?", job))
        assert not [number for number in ERASED if f'"ref":"u{number}"' in told.replace(" ", "")]

    plan = Scripted(Strike(*where, fault, nth=3 if where[0] == "mail" else 0))
    simulate(scenario, faults=plan)
    assert bool(plan.struck) is (where[1] != "nobody")
