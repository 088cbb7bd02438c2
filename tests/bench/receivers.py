"""How soon a Moodle is told beside silent ones and after its return, in the fault suite's simulated time."""

import asyncio
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.faults.deployment import Deployment, simulate
from tests.faults.outside import Trouble
from tests.faults.waiting import HOUR, one, told, told_all

SILENT, PEOPLE, AWAY = 5, 1000, 12 * HOUR


def figures() -> Iterator[Figure]:
    taken: dict[str, float] = {}

    async def beside_silent_ones(deployment: Deployment) -> None:
        for number in range(SILENT):
            site = await deployment.add_site(f"silent-{number}", "sendgrid", deployment.internet.sendgrid)
            site.moodle.trouble = Trouble.SILENT
            await site.job([one(each, f"silent-{number}") for each in range(PEOPLE)])
        seconds = []
        for again in range(4):
            job = await deployment.north.job([one(each, f"north-{again}") for each in range(PEOPLE)])
            seconds.append(await told(deployment, deployment.north, job))
        taken["told"] = max(seconds)
        for site in deployment.sites:
            site.moodle.trouble = None

    async def away(deployment: Deployment) -> None:
        seconds = []
        for moment in range(12):  # of the return, in the round of probes
            for site in deployment.sites:
                site.moodle.trouble = Trouble.SILENT
                await site.job(PEOPLE)
                await asyncio.sleep(HOUR)
                before = site.moodle.probes
                await asyncio.sleep(HOUR)
                taken["probes"] = site.moodle.probes - before
                await asyncio.sleep(AWAY - 2 * HOUR + 3 * moment)
                site.moodle.trouble = None
                seconds.append(await told_all(deployment, site))
        taken["return"] = max(seconds)

    simulate(beside_silent_ones)
    simulate(away)
    yield Figure("receiver.told_seconds", taken["told"], "s beside five silent ones")
    yield Figure("receiver.return_seconds", taken["return"], "s after 12 h away")
    yield Figure("receiver.probes_hour", taken["probes"], "probes/h")
