"""Who is tried again although a mail may have left: never said to be unmailed, never repeated after the key's time."""

import asyncio

import pytest

from tests.faults.deployment import Deployment, Site, simulate
from tests.faults.injection import Scripted, Strike

DAY = 86_400


def accepted_and_lost() -> Strike:
    return Strike("mail", "", "lost_after", times=5)


async def in_doubt(deployment: Deployment, people: int = 20, **fields: object) -> tuple[Site, str]:
    """A job of the provider with keys, paused while five of its people are to be repeated."""
    site = deployment.south
    deployment.storm()
    job = await site.job(people, **fields)
    while site.states(job)["sent"] < 1:
        await asyncio.sleep(0.05)
    assert (await site.act("pause", job)).ok
    await asyncio.sleep(60)
    assert [row["reason"] for row in site.people(job) if row["state"] == "pending"] == ["response_lost"] * 5
    return site, job


@pytest.mark.parametrize(("wait", "state"), [(3600, "sent"), (DAY + 60, "uncertain"), (3 * DAY, "uncertain")])
def test_a_repeat_waits_for_a_resume_only_as_long_as_the_key_lasts(wait: int, state: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site, job = await in_doubt(deployment)
        await asyncio.sleep(wait)
        assert (await site.act("resume", job)).ok
        await deployment.settle()
        assert site.states(job)[state] == (20 if state == "sent" else 5)

    simulate(scenario, faults=Scripted(accepted_and_lost()))


def test_the_window_of_a_key_counts_from_the_first_attempt_not_the_latest() -> None:
    """The second attempt, within the window, is cut off too; the third would be outside of it."""

    async def scenario(deployment: Deployment) -> None:
        site, job = await in_doubt(deployment)
        await asyncio.sleep(DAY * 0.7)
        assert (await site.act("resume", job)).ok
        await asyncio.sleep(20)
        await site.act("pause", job)
        await asyncio.sleep(DAY * 0.7)
        await site.act("resume", job)
        await deployment.settle()
        assert site.states(job) == {"sent": 15, "uncertain": 5}

    simulate(scenario, faults=Scripted(accepted_and_lost(), Strike("mail", "", "crash_after", nth=16)))


@pytest.mark.parametrize("action", ["cancel", "handback"])
def test_who_may_have_been_mailed_is_not_handed_back(action: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site, job = await in_doubt(deployment)
        answer = await site.act(action, job)
        assert answer.ok
        assert answer.body.get("recipients", []) == []
        assert site.states(job) == {"sent": 15, "uncertain": 5}

    simulate(scenario, faults=Scripted(accepted_and_lost()))


def test_who_was_in_flight_when_the_consumer_died_is_not_handed_back() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.south
        deployment.storm()
        job = await site.job(60)
        while not site.mails.left:
            await asyncio.sleep(0.05)
        given = (await site.act("handback", job)).body["recipients"]
        await deployment.settle()
        again = (await site.act("handback", job)).body["recipients"]
        assert len(again) == len(given) > 0
        assert site.states(job) == {"uncertain": 60 - len(given), "cancelled": len(given)}

    simulate(scenario, faults=Scripted(Strike("mail", "", "crash_after", nth=9)))


def test_who_may_have_been_mailed_does_not_fail_when_the_batch_is_given_up() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.south.job(20)
        now = deployment.loop.time()
        deployment.south.mails.throttling.append((now + 10, now + 20 * DAY))
        await deployment.settle(400)
        assert deployment.south.states(job) == {"sent": 15, "uncertain": 5}

    simulate(scenario, faults=Scripted(accepted_and_lost()))


def test_who_may_have_been_mailed_does_not_fail_at_the_last_attempt_and_is_not_suppressed() -> None:
    async def scenario(deployment: Deployment) -> None:
        site, job = await in_doubt(deployment)
        pending = [row["email"] for row in site.people(job) if row["state"] == "pending"]
        site.suppress(pending[0])
        site.mails.refusing[pending[1]] = (400, "")
        site.mails.refusing[pending[2]] = (0, "")
        assert (await site.act("resume", job)).ok
        await deployment.settle()
        assert site.states(job) == {"sent": 17, "uncertain": 3}

    simulate(scenario, faults=Scripted(accepted_and_lost()))


def test_a_job_that_would_rather_mail_twice_does_so_and_nobody_is_said_to_be_unmailed() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60, on_uncertain="resend")
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 60}
        assert sum(map(len, deployment.north.mails.left.values())) == 65

    simulate(scenario, faults=Scripted(accepted_and_lost()))
