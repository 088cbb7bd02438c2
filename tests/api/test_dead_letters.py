"""A dead letter tells what it had gone through, to those whose it is, and is discarded without touching its people."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jobs.dead_letters import REFUSALS
from store.dead_letters import _REFUSAL
from tests.api.letters import PATH, bury, dead, redrive, started, states, work
from tests.docs.reading import blocks, names, read, section, table
from tests.worlds.api import DOCUMENT, NEW_JOB, Deployment, Site, fault, person


@pytest.fixture(autouse=True)
def small_batches(deployment: Deployment) -> None:
    deployment.values["BATCH_SIZE"] = "3"


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
