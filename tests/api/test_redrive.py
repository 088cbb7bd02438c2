"""Dead letters that are redriven: whom the dead batch left is mailed, once, and nobody else."""

import asyncio
from typing import Any

import pytest

from core.errors import DatabaseUncertain
from jobs import dead_letters
from jobs.dead_letters import REFUSALS
from runtime.ports import Row, Statement
from store.audit import Entry
from tests.api.letters import PATH, bury, dead, redrive, started, states, work
from tests.worlds.api import Deployment, Site, fault


@pytest.fixture(autouse=True)
def small_batches(deployment: Deployment) -> None:
    deployment.values["BATCH_SIZE"] = "3"


async def test_a_redrive_counts_first_then_mails_whom_the_dead_batch_left_and_nobody_else(
    deployment: Deployment, site: Site
) -> None:
    job = await started(site, 8)
    deployment.database.query("UPDATE recipients SET state = 'sending' WHERE position = 1")
    await bury(deployment, {"job": job, "batch": 0, "reason": "poison"})
    await work(deployment)
    assert states(deployment, job) == {"failed": 2, "uncertain": 1, "sent": 5}
    counted = {"count": 1, "people": 2, "refused": [], "remaining": 0}
    assert await redrive(site.client, ids=["letter-1"], dry_run=True) == counted | {"dry_run": True}
    assert states(deployment, job) == {"failed": 2, "uncertain": 1, "sent": 5}
    assert not deployment.batches.sent
    assert await redrive(site.client, ids=["letter-1"]) == counted | {"dry_run": False}
    assert [body for body, _ in deployment.batches.sent] == [{"job": job, "batch": 0}]
    shown = (await site.client.get(f"/v1/jobs/{job}")).json()
    assert (shown["state"], shown["counts"]["pending"], shown["counts"]["failed"]) == ("queued", 2, 0)
    await work(deployment)
    assert states(deployment, job) == {"sent": 7, "uncertain": 1}
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["state"] == "completed"
    letter = (await site.client.get(f"{PATH}/letter-1")).json()
    assert (letter["state"], letter["refusal"]) == ("redriven", "already_redriven")
    assert letter["ended_at"] is not None


async def test_a_redrive_that_is_asked_for_twice_is_done_once(deployment: Deployment, site: Site) -> None:
    job = await dead(site)
    first, second = await asyncio.gather(redrive(site.client, job=job), redrive(site.client, job=job))
    assert sorted([first["count"], second["count"]]) == [0, 1]
    again = await redrive(site.client, ids=["letter-1"])
    assert (again["count"], again["people"]) == (0, 0)
    assert [refused["reason"] for refused in again["refused"]] == ["already_redriven"]
    await work(deployment)
    assert states(deployment, job) == {"sent": 5}
    rows = deployment.database.query("SELECT * FROM audit WHERE action LIKE 'dead_letter.%'")
    assert [(row["target"], row["site_id"]) for row in rows] == [("letter-1", site.id)]


async def test_a_redrive_whose_answer_was_lost_leaves_its_batch_to_the_sweeper_and_repeats_as_nothing(
    deployment: Deployment, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await dead(site)
    real = deployment.database.batch

    async def lost(statements: list[Statement]) -> list[list[Row]]:
        await real(statements)
        if any("UPDATE dead_letters" in statement.sql for statement in statements):
            raise DatabaseUncertain
        return await real([])

    with monkeypatch.context() as patch:
        choice = await dead_letters.choose(deployment.services(), None, "redrive", ["letter-1"])
        patch.setattr(deployment.database, "batch", lost)
        with pytest.raises(DatabaseUncertain):
            await dead_letters.redrive(deployment.services(), None, choice, _entry())
    assert not deployment.batches.sent
    assert (await redrive(site.client, job=job))["count"] == 0
    batch = deployment.database.query("SELECT state, due_at FROM batches WHERE number = 0")[0]
    assert (batch["state"], batch["due_at"] <= deployment.clock.now()) == ("pending", True)


def _entry() -> Entry:
    return Entry(1, "operator", "operator", "dead_letter.redrive", "")


async def test_a_redrive_that_fails_half_way_changes_nothing(
    deployment: Deployment, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await dead(site)
    monkeypatch.setattr("store.jobs.reopen", lambda *_: Statement("UPDATE no_such_table SET x = 1"))
    response = await site.client.post(f"{PATH}/redrive", json={"job": job})
    assert response.status_code == 500
    assert states(deployment, job) == {"failed": 3, "sent": 2}
    assert (await site.client.get(f"{PATH}/letter-1")).json()["state"] == "open"
    assert not deployment.database.query("SELECT 1 FROM audit WHERE action LIKE 'dead_letter.%'")


async def test_a_cancelled_jobs_letter_is_refused_with_its_reason_and_stays_open(
    deployment: Deployment, site: Site
) -> None:
    cancelled = await started(site)
    await bury(deployment, {"job": cancelled, "batch": 0, "reason": "poison"})
    await site.client.post(f"/v1/jobs/{cancelled}/cancel")
    lives = await dead(site, letter="letter-2")
    answer = await redrive(site.client, ids=["letter-1", "letter-2"])
    assert (answer["count"], answer["people"]) == (1, 3)
    assert answer["refused"] == [{"id": "letter-1", "reason": "job_cancelled", "detail": REFUSALS["job_cancelled"]}]
    assert states(deployment, cancelled) == {"cancelled": 2, "failed": 3}
    await work(deployment)
    assert states(deployment, lives) == {"sent": 5}
    assert (await site.client.get(f"{PATH}/letter-1")).json()["state"] == "open"


async def test_a_job_cancelled_between_the_choice_and_the_redrive_is_left_alone(
    deployment: Deployment, site: Site
) -> None:
    job = await started(site)
    await bury(deployment, {"job": job, "batch": 0, "reason": "poison"})
    choice = await dead_letters.choose(deployment.services(), None, "redrive", ["letter-1"])
    await site.client.post(f"/v1/jobs/{job}/cancel")
    assert await dead_letters.redrive(deployment.services(), None, choice, _entry()) == (0, 0)
    assert states(deployment, job) == {"cancelled": 2, "failed": 3}
    assert not deployment.database.query("SELECT 1 FROM audit WHERE action LIKE 'dead_letter.%'")


async def test_a_paused_jobs_letter_waits_for_the_job_to_be_resumed(deployment: Deployment, site: Site) -> None:
    job = await started(site)
    await bury(deployment, {"job": job, "batch": 0, "reason": "poison"})
    await site.client.post(f"/v1/jobs/{job}/pause")
    await work(deployment)
    assert (await redrive(site.client, job=job))["people"] == 3
    assert not deployment.batches.sent
    await site.client.post(f"/v1/jobs/{job}/resume")
    await work(deployment)
    assert states(deployment, job) == {"sent": 5}


async def test_people_already_retried_are_not_touched_by_the_redrive_of_their_letter(
    deployment: Deployment, site: Site
) -> None:
    job = await dead(site)
    await site.client.post(f"/v1/jobs/{job}/retry", json={"filter": {"reason": "dead_letter"}})
    await work(deployment)
    assert states(deployment, job) == {"sent": 5}
    answer = await redrive(site.client, job=job)
    assert (answer["count"], answer["people"]) == (1, 0)
    assert not deployment.batches.sent
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["state"] == "completed"


async def test_people_who_failed_for_another_reason_stay_failed(deployment: Deployment, site: Site) -> None:
    job = await started(site, 4)
    deployment.database.query("UPDATE recipients SET state = 'failed', reason = 'x' WHERE position IN (0, 3)")
    await bury(deployment, {"job": job, "batch": 0, "reason": "poison"})
    assert (await redrive(site.client, job=job))["people"] == 2
    await work(deployment)
    assert states(deployment, job) == {"failed": 2, "sent": 2}


async def test_one_call_moves_a_hundred_letters_and_says_how_many_remain(deployment: Deployment, site: Site) -> None:
    deployment.values["BATCH_SIZE"] = "1"
    job = await started(site, 130)
    for number in range(130):
        await bury(deployment, {"job": job, "batch": number, "reason": "poison"}, f"letter-{number:03}")
    await bury(deployment, {"job": job, "batch": 999, "reason": "unknown_batch"}, "letter-000a")  # cannot be moved
    deployment.batches.sent.clear()
    counted = await redrive(site.client, job=job, dry_run=True)
    assert (counted["count"], counted["people"], counted["remaining"]) == (100, 100, 30)
    first = await redrive(site.client, job=job)
    assert (first["count"], first["remaining"]) == (100, 30)
    assert 0 < len(deployment.batches.sent) < 100  # the rest goes through the site's window
    second = await redrive(site.client, job=job)
    assert (second["count"], second["remaining"]) == (30, 0)
    assert [refused["reason"] for refused in second["refused"]] == ["unknown_batch"]
    assert states(deployment, job) == {"pending": 130}


async def test_a_letter_of_the_callbacks_starts_the_sites_delivery_again(deployment: Deployment, site: Site) -> None:
    await bury(deployment, {"site": site.id})
    letter = (await site.client.get(f"{PATH}/letter-1")).json()
    assert (letter["queue"], letter["site"], letter["job"]) == ("offload-callbacks", site.id, None)
    assert (await redrive(site.client, ids=["letter-1"]))["count"] == 1
    assert list(deployment.callbacks.sent) == [({"site": site.id}, 0)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason": "malformed", "message": "?"}, "malformed"),
        (["not", "ours"], "malformed"),
        ({"job": "job_0", "batch": 1, "reason": "unknown_batch"}, "unknown_batch"),
        ({"site": "site_0"}, "unknown_site"),
        ({"site": 7}, "unknown_site"),
    ],
)
async def test_a_letter_that_asks_for_nothing_can_only_be_discarded_and_only_by_the_operator(
    deployment: Deployment, site: Site, body: Any, reason: str
) -> None:
    await bury(deployment, body)
    assert (await site.client.get(PATH)).json()["dead_letters"] == []
    assert fault(await site.client.get(f"{PATH}/letter-1")) == (404, "unknown-dead-letter", "")
    answer = await redrive(site.operator, ids=["letter-1"])
    assert (answer["count"], [refused["reason"] for refused in answer["refused"]]) == (0, [reason])
    shown = (await site.operator.get(f"{PATH}/letter-1")).json()
    assert (shown["message"], shown["refusal"], shown["site"]) == (body, reason, None)
    response = await site.operator.post(f"{PATH}/discard", json={"ids": ["letter-1"]})
    assert response.json() == {"count": 1, "dry_run": False, "refused": [], "remaining": 0}
    [note] = deployment.database.query("SELECT * FROM audit WHERE action = 'dead_letter.discard'")
    assert (note["actor"], note["target"], note["site_id"]) == ("operator", "letter-1", None)


async def test_a_draft_is_started_and_not_redriven(deployment: Deployment, site: Site) -> None:
    job = await site.job(2)
    await bury(deployment, {"job": job, "batch": 0, "reason": "redelivered_too_often"})
    assert [r["reason"] for r in (await redrive(site.client, job=job))["refused"]] == ["job_not_started"]
