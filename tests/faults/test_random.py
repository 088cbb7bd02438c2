"""Whatever happens at once, to 10,000 people and with every kind of fault, nobody is lost and nobody is mailed twice.

`make test` runs a few seeds, `make faults` as many as FAULTS_SEEDS says, from FAULTS_FROM on. A seed that fails is
named by the test: run it alone with FAULTS_FROM=<seed> FAULTS_SEEDS=1.
"""

import asyncio
import json
import os
import random
from pathlib import Path

import pytest

from tests.faults.deployment import Deployment, Site, simulate
from tests.faults.injection import Storm

FIRST, SEEDS = int(os.environ.get("FAULTS_FROM", "0")), int(os.environ.get("FAULTS_SEEDS", "5"))
REPORT = os.environ.get("FAULTS_REPORT")
SHARES = (800, 200, 4)  # people of a site's three jobs: with two sites and five seeds, 10,000 and a few
ACTIONS = ("pause", "resume", "retry failed", "retry uncertain", "resolve", "suppress", "cancel", "handback", "sweep")


async def press(deployment: Deployment, site: Site, job: str, dice: random.Random) -> None:
    """One thing that a person does to a job."""
    action = dice.choices(ACTIONS, (6, 8, 4, 2, 2, 4, 0.3, 0.3, 2))[0]
    people = site.people(job)
    some = dice.sample(people, min(len(people), 40))
    if action.startswith("retry"):
        state = action.split()[1]
        refs = [row["ref"] for row in some if row["state"] == state]
        if refs:
            await asyncio.gather(*(site.resend(job, state, refs) for _ in range(dice.choice((1, 2)))))
    elif action == "resolve":
        refs = [row["ref"] for row in some if row["state"] == "uncertain"]
        if refs:
            await site.resolve(job, refs)
    elif action == "suppress":
        site.suppress(some[0]["email"])
    elif action == "sweep":
        await deployment.ask(site.token, "GET", f"/v1/jobs/{job}")
    else:
        await site.act(action, job)


async def people_press_buttons(deployment: Deployment, dice: random.Random, hours: float) -> None:
    end = deployment.loop.time() + hours * 3600
    while deployment.loop.time() < end:
        await asyncio.sleep(dice.choice((1, 5, 30, 300, 1800)) * dice.random())
        jobs = deployment.all_jobs()
        if jobs:
            await press(deployment, *dice.choice(jobs), dice)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_whatever_happens_nobody_is_lost_and_nobody_is_mailed_twice(seed: int) -> None:
    dice = random.Random(f"people {seed}")
    storm = Storm(seed, dice.choice((0.3, 1, 1, 2)))

    async def scenario(deployment: Deployment) -> None:
        deployment.skewed = dice.choice((0, 0, 0.2))
        for site in deployment.sites:
            start = 3600 * dice.random()
            how = dice.choice(("unreachable", "unavailable"))
            site.mails.down.append((start, start + dice.choice((0, 60, 600, 3600)), how))
            start = 3600 * dice.random()
            site.mails.throttling.append((start, start + dice.choice((0, 60, 600))))
        deployment.storm()
        buttons = asyncio.create_task(people_press_buttons(deployment, dice, hours=3))
        for site in deployment.sites:
            for people in SHARES:
                await site.job(people, rate=dice.choice((None, 50, 500)))
        await buttons

    history = simulate(scenario, seed=seed, faults=storm)
    if REPORT:
        with Path(REPORT).open("a") as report:
            report.write(json.dumps({"seed": seed, **history.totals, "struck": storm.struck}) + "\n")
