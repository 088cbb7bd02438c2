"""Dead letters through the API: seen by whom they concern, redriven once, discarded for good."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

import queue_consumer
from core.errors import DatabaseUncertain
from jobs import dead_letters
from jobs.dead_letters import REFUSALS
from runtime.ports import Row, Statement
from store.audit import Entry
from store.dead_letters import _REFUSAL
from tests.api.conftest import DOCUMENT, NEW_JOB, Deployment, Site, fault, person
from tests.docs.reading import blocks, names, read, section, table
from tests.doubles.bindings import DeliveredMessage

PATH = "/v1/dead-letters"


@pytest.fixture(autouse=True)
def small_batches(deployment: Deployment) -> None:
    deployment.values["BATCH_SIZE"] = "3"


async def bury(deployment: Deployment, body: Any, letter: str = "letter-1") -> None:
    await queue_consumer.dead_letter(deployment.services(), [DeliveredMessage(body, id=letter)])


async def started(site: Site, people: int = 5, **more: Any) -> str:
    return await site.job(people, start=True, **more)


async def work(deployment: Deployment) -> None:
    """Deliver what is on the queue of batches."""
    while deployment.batches.sent:
        body, delay = deployment.batches.sent.popleft()
        deployment.clock.advance(delay)
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(body)])


def states(deployment: Deployment, job: str) -> dict[str, int]:
    rows = deployment.database.query(
        "SELECT state, count(*) AS count FROM recipients WHERE job_id = ? GROUP BY state", job
    )
    return {row["state"]: row["count"] for row in rows}


async def dead(site: Site, people: int = 5, letter: str = "letter-1", **more: Any) -> str:
    """A completed job whose first batch died, and everybody else was mailed."""
    job = await started(site, people, **more)
    await bury(site.deployment, {"job": job, "batch": 0, "reason": "poison"}, letter)
    await work(site.deployment)
    return job


async def redrive(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{PATH}/redrive", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


# --- looking


async def test_a_letter_tells_its_message_its_batch_and_what_it_had_gone_through(
    deployment: Deployment, site: Site
) -> None:
    job = await started(site, 5, company="Acme")
    deployment.database.query("UPDATE batches SET redeliveries = 3, throttles = 7 WHERE number = 0")
    deployment.database.query("UPDATE recipients SET state = 'sending' WHERE position = 0")
    message = {"job": job, "batch": 0, "reason": "poison"}
    await bury(deployment, message)
    summary = {
        "id": "letter-1",
        "queue": "offload-batches",
        "site": site.id,
        "company": "Acme",
        "job": job,
        "batch": 0,
        "reason": "poison",
        "state": "open",
        "redeliveries": 3,
        "throttles": 7,
        "refusal": None,
        "created_at": "2026-11-18T11:06:40.000Z",
        "ended_at": None,
    }
    assert (await site.client.get(PATH)).json() == {"dead_letters": [summary], "next": None}
    shown = (await site.client.get(f"{PATH}/letter-1")).json()
    assert shown == summary | {"message": message, "failed": 2, "uncertain": 1}


async def test_letters_come_newest_first_a_page_at_a_time_and_by_state_and_job(
    deployment: Deployment, site: Site
) -> None:
    jobs = [await started(site, 1), await started(site, 1)]
    for number in range(6):
        await bury(deployment, {"job": jobs[number % 2], "batch": 99, "reason": "poison"}, f"letter-{number}")
        deployment.clock.advance(number // 2)  # some at the same moment
    await site.client.post(f"{PATH}/discard", json={"ids": ["letter-1"]})
    seen, cursor = [], ""
    while True:
        page = (await site.client.get(f"{PATH}?limit=2&cursor={cursor}")).json()
        seen += [letter["id"] for letter in page["dead_letters"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"letter-{number}" for number in (5, 4, 3, 2, 1, 0)]
    found = (await site.client.get(f"{PATH}?state=discarded")).json()["dead_letters"]
    assert [letter["id"] for letter in found] == ["letter-1"]
    found = (await site.client.get(f"{PATH}?state=open&job={jobs[1]}")).json()["dead_letters"]
    assert [letter["id"] for letter in found] == ["letter-5", "letter-3"]
    assert fault(await site.client.get(f"{PATH}?state=dead")) == (422, "invalid-request", "state")


# --- redriving


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


# --- discarding


async def test_discarding_counts_first_and_leaves_the_people_as_they_are(deployment: Deployment, site: Site) -> None:
    job = await dead(site)
    counted = await site.client.post(f"{PATH}/discard", json={"job": job, "dry_run": True})
    assert counted.json() == {"count": 1, "dry_run": True, "refused": [], "remaining": 0}
    assert (await site.client.get(f"{PATH}/letter-1")).json()["state"] == "open"
    assert (await site.client.post(f"{PATH}/discard", json={"job": job})).json()["count"] == 1
    again = (await site.client.post(f"{PATH}/discard", json={"ids": ["letter-1"]})).json()
    assert (again["count"], [refused["reason"] for refused in again["refused"]]) == (0, ["already_discarded"])
    assert states(deployment, job) == {"failed": 3, "sent": 2}
    assert [r["reason"] for r in (await redrive(site.client, ids=["letter-1"]))["refused"]] == ["already_discarded"]
    [note] = deployment.database.query("SELECT * FROM audit WHERE action LIKE 'dead_letter.%'")
    assert (note["action"], note["target"]) == ("dead_letter.discard", "letter-1")
    assert json.loads(note["detail"]) == {"job": job, "batch": 0, "reason": "poison"}


@pytest.mark.parametrize("action", ["redrive", "discard"])
@pytest.mark.parametrize("body", [{}, {"dry_run": True}, {"ids": ["letter-1"], "job": "job_1"}])
async def test_the_letters_have_to_be_named_in_one_way(site: Site, action: str, body: dict[str, Any]) -> None:
    assert fault(await site.client.post(f"{PATH}/{action}", json=body)) == (422, "invalid-request", "")


async def test_a_call_names_a_hundred_letters_at_most(site: Site) -> None:
    response = await site.client.post(f"{PATH}/redrive", json={"ids": [str(number) for number in range(101)]})
    assert fault(response) == (422, "invalid-request", "/ids")


# --- whose they are


async def test_a_foreign_letter_looks_like_a_missing_one_and_one_stops_the_whole_call(new_site: Any) -> None:
    ours, theirs = await new_site(), await new_site()
    job = await dead(theirs, letter="letter-t")
    own = await dead(ours, letter="letter-o")
    acme = await ours.company("Acme")
    for client in (ours.client, acme):
        for letter in ("letter-t", "letter-x"):
            assert fault(await client.get(f"{PATH}/{letter}")) == (404, "unknown-dead-letter", "")
            for action in ("redrive", "discard"):
                for dry_run in (True, False):
                    body = {"ids": ["letter-o", letter], "dry_run": dry_run}
                    response = await client.post(f"{PATH}/{action}", json=body)
                    assert fault(response) == (404, "unknown-dead-letter", "")
        for action in ("redrive", "discard"):
            assert fault(await client.post(f"{PATH}/{action}", json={"job": job})) == (404, "unknown-job", "")
        assert fault(await client.get(f"{PATH}?job={job}")) == (404, "unknown-job", "")
    assert [letter["id"] for letter in (await ours.client.get(PATH)).json()["dead_letters"]] == ["letter-o"]
    assert (await acme.get(PATH)).json()["dead_letters"] == []
    assert fault(await acme.post(f"{PATH}/redrive", json={"job": own})) == (404, "unknown-job", "")
    open_letters = ours.deployment.database.query("SELECT count(*) AS count FROM dead_letters WHERE state = 'open'")
    assert open_letters == [{"count": 2}]


async def test_a_company_sees_and_redrives_its_own_jobs_letters_and_not_the_sites_callbacks(
    deployment: Deployment, site: Site
) -> None:
    acme, beta = await site.company("Acme"), await site.company("Beta")
    body = NEW_JOB | {"recipients": [person(1)], "start": True}
    job = (await acme.post("/v1/jobs", json=body)).json()["id"]
    await bury(deployment, {"job": job, "batch": 0, "reason": "poison"})
    await bury(deployment, {"site": site.id}, "letter-c")
    deployment.batches.sent.clear()
    assert [letter["id"] for letter in (await acme.get(PATH)).json()["dead_letters"]] == ["letter-1"]
    assert fault(await acme.get(f"{PATH}/letter-c")) == (404, "unknown-dead-letter", "")
    assert fault(await beta.post(f"{PATH}/redrive", json={"job": job})) == (404, "unknown-job", "")
    assert (await redrive(acme, job=job))["people"] == 1
    [note] = deployment.database.query("SELECT * FROM audit WHERE action = 'dead_letter.redrive'")
    assert (note["company"], note["site_id"]) == ("Acme", site.id)
    assert note["actor"].startswith("tok_")


async def test_the_operator_redrives_letters_of_several_sites_at_once(new_site: Any, deployment: Deployment) -> None:
    sites = [await new_site(), await new_site()]
    jobs = [await dead(site, letter=f"letter-{number}") for number, site in enumerate(sites)]
    operator = sites[0].operator
    assert len((await operator.get(PATH)).json()["dead_letters"]) == 2
    answer = await redrive(operator, ids=["letter-0", "letter-1"])
    assert (answer["count"], answer["people"]) == (2, 6)
    await work(deployment)
    assert [states(deployment, job) for job in jobs] == [{"sent": 5}] * 2
    notes = deployment.database.query("SELECT site_id, actor FROM audit WHERE action = 'dead_letter.redrive'")
    assert {row["site_id"] for row in notes} == {site.id for site in sites}
    assert {row["actor"] for row in notes} == {"operator"}
    assert fault(await operator.get(f"{PATH}?job=job_0")) == (404, "unknown-job", "")


@pytest.mark.parametrize("token", ["", "short"])
async def test_an_operator_token_that_is_missing_or_too_short_opens_nothing(deployment: Deployment, token: str) -> None:
    deployment.values = {"OPERATOR_TOKEN": token} if token else {}
    client = await deployment.client(token or "x")
    assert (await client.get(PATH)).status_code in (401, 403)


# --- what the pages say


def test_every_reason_for_refusing_a_redrive_is_documented_and_has_words() -> None:
    written = {word for word in re.findall(r"'([a-z_]+)'", _REFUSAL["redrive"]) if word in REFUSALS}
    assert written | {"already_redriven", "already_discarded"} == REFUSALS.keys()
    assert set(names(table(read("docs/operations.md"), "refused", "means"))) == REFUSALS.keys()


@pytest.mark.parametrize(
    ("heading", "schemas"),
    [("Callbacks again", ["Callbacks", "Replayed"]), ("Dead letters", ["DeadLetterShown", "Redriven"])],
)
def test_the_answers_on_the_page_are_those_of_the_document(heading: str, schemas: list[str]) -> None:
    shown = [block.text for block in blocks(section(section(read("docs/api.md"), "Repair"), heading), "json")]
    for text, schema in zip(shown, schemas, strict=True):
        rooted = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
        Draft202012Validator(rooted).validate(json.loads(text))
