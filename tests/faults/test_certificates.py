"""Certificates that go with their mails, and links asked for anew: one file, one mail, whatever fails.

Rows of docs/reliability.md; `simulate` also holds each history to the invariants.
"""

import asyncio
import hashlib
from typing import Any

import pytest

from tests.faults.deployment import Deployment, Site, simulate
from tests.faults.injection import KINDS, Scripted, Strike
from tests.worlds.issuing import DESIGN, SETTINGS

PEOPLE = 30
HOUR = 3600
CERTIFICATE = {"design": DESIGN, "award": "course-7", "title": "Biology", "issuer": "School", "delivery": "attachment"}
MESSAGE = {
    "subject": "For {{ name }}",
    "html": "<a href='{{ certificate_url }}'>{{ certificate_code }}</a>",
    "variables": {"course": "Biology 1"},
}


async def certified(site: Site, people: int = PEOPLE) -> str:
    return await site.job(people, kind="certificate", message=MESSAGE, certificate=CERTIFICATE)


def certificates(site: Site, job: str) -> dict[str, Any]:
    """Those of a job by address."""
    rows = site.deployment.database.query(
        "SELECT r.email, c.* FROM certificates c JOIN recipients r ON r.job_id = c.job_id AND r.position = c.position"
        " WHERE c.job_id = ? AND c.state = 'valid'",
        job,
    )
    found = {row["email"]: row for row in rows}
    assert len(found) == len(rows), "somebody has two"
    return found


def one_file_for_everybody(site: Site, job: str) -> None:
    """Whoever was mailed has one certificate, its file is the one on record, and so is the one in their mail."""
    having, files = certificates(site, job), site.deployment.bucket.memory.objects
    assert {row["file"] for row in having.values()} == files.keys()
    for row in having.values():
        assert hashlib.sha256(files[row["file"]].data).hexdigest() == row["sha256"]
    for address, moments in site.mails.left.items():
        assert moments
        assert site.mails.attached[address] <= {having[address]["sha256"]}
    assert sum(map(bool, site.mails.attached.values())) == len(site.mails.left)


STORING = [
    *((("r2", "put"), fault) for fault in KINDS["r2"] if "stall" not in fault),
    *((("d1", "keep"), fault) for fault in ("crash_before", "crash_after", "lost_after")),
    (("d1", "_issue"), "busy"),
]
MAILING = [
    *((("mail", "_attempt"), fault) for fault in ("crash_before", "crash_after", "lost_after", "stall_after")),
    (("d1", "_record"), "stall_before"),
]


@pytest.mark.parametrize(
    ("whose", "where", "fault"),
    [
        *(("keyless", *each) for each in STORING),
        *((whose, *each) for whose in ("keyless", "keyed") for each in MAILING),
    ],
)
def test_row_21_a_certificate_in_its_mail_is_the_one_on_record(whose: str, where: tuple[str, str], fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north if whose == "keyless" else deployment.south
        deployment.storm()
        job = await certified(site)
        await deployment.settle()
        states = site.states(job)
        assert states["sent"] + states["uncertain"] == PEOPLE
        assert whose == "keyless" or states == {"sent": PEOPLE}
        one_file_for_everybody(site, job)

    plan = Scripted(Strike(*where, fault, nth=3 if where[0] != "d1" else 0))
    simulate(scenario, faults=plan, settings=SETTINGS)
    assert plan.struck


def test_row_7_an_outage_of_hours_issues_and_attaches_everything_once() -> None:
    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        for site in deployment.sites:
            site.mails.down.append((start + 1, start + 3 * HOUR, "unreachable"))
            await certified(site, 60)
        await deployment.settle()
        for site in deployment.sites:
            assert site.states(site.jobs[0]) == {"sent": 60}
            assert max(row["attempts"] for row in site.people(site.jobs[0])) == 1
            assert not site.asked
        files = deployment.bucket.memory.objects
        assert len(files) == 120
        assert sorted(hashlib.sha256(file.data).hexdigest() for file in files.values()) == sorted(
            row["sha256"] for site in deployment.sites for row in certificates(site, site.jobs[0]).values()
        )
        for site in deployment.sites:
            having = certificates(site, site.jobs[0])
            assert site.mails.attached == {address: {row["sha256"]} for address, row in having.items()}

    simulate(scenario, settings=SETTINGS)


@pytest.mark.parametrize("whose", ["keyless", "keyed"])
@pytest.mark.parametrize(
    "fault", ["", "lost_after", "lost_before", "error_after", "error_before", "crash_after", "crash_before"]
)
def test_row_24_a_new_link_is_mailed_once_an_hour_where_the_answer_of_its_mail_is_lost(fault: str, whose: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north if whose == "keyless" else deployment.south
        job = await certified(site, 1)
        await deployment.settle()
        [(address, row)] = certificates(site, job).items()
        deployment.storm()
        for hour in (1, 2):
            site.resent[address] += 1
            for _ in range(4):
                await deployment.ask("", "POST", f"/verify/{row['code']}/link")
                await asyncio.sleep(600)
            assert site.mails.attempts[address] == 1 + hour
            await asyncio.sleep(HOUR)
        audited = deployment.database.query("SELECT 1 FROM audit WHERE action = 'certificate.link_mailed'")
        assert len(audited) == 2

    plan = Scripted(*([Strike("mail", "new_link", fault, times=9)] if fault else []))
    simulate(scenario, faults=plan, settings=SETTINGS)
    assert bool(plan.struck) is bool(fault)


def test_row_24_a_new_link_that_certainly_did_not_leave_can_be_asked_for_at_once() -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await certified(site, 1)
        await deployment.settle()
        [(address, row)] = certificates(site, job).items()
        deployment.storm()
        site.resent[address] += 1
        for _ in range(4):
            await deployment.ask("", "POST", f"/verify/{row['code']}/link")
        assert (site.mails.attempts[address], site.mails.count(address)) == (1 + 2, 2)

    simulate(scenario, faults=Scripted(Strike("mail", "new_link", "unreachable")), settings=SETTINGS)


@pytest.mark.parametrize("step", ["mail", "_mail"])
@pytest.mark.parametrize("fault", ["busy", "lost_before", "lost_after", "lost_late"])
def test_row_24_a_new_link_is_mailed_once_an_hour_where_the_database_loses_its_answers(fault: str, step: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await certified(site, 1)
        await deployment.settle()
        [(address, row)] = certificates(site, job).items()
        deployment.storm()
        site.resent[address] += 1
        await asyncio.gather(*(deployment.ask("", "POST", f"/verify/{row['code']}/link") for _ in range(3)))
        await asyncio.sleep(60)
        assert site.mails.count(address) <= 2

    plan = Scripted(Strike("d1", rf"new_link\.{step}$", fault, times=2))
    simulate(scenario, faults=plan, settings=SETTINGS)
    assert plan.struck
