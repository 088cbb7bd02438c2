"""How each event's delivery stands is told, and what is posted again keeps its id and body."""

import json
import re
from typing import Any

import pytest

import callback
from callback import EventType
from callbacks import replays
from runtime.ports import HttpRequest, HttpResponse
from tests.doubles.bindings import DeliveredMessage
from tests.doubles.d1 import MIGRATIONS
from tests.worlds.api import Site, fault

PATH = "/v1/callbacks"
URL = "https://moodle.example.org/callback"


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())


class Receiver:
    """What was posted, by webhook-id."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.bodies.setdefault(request.headers["webhook-id"], []).append(request.body)
        return echo(request)


@pytest.fixture
async def site(new_site: Any) -> Site:
    made: Site = await new_site(callback_url=URL)
    return made


def add_event(site: Site, job: str, sequence: int, state: str, type: str = "job.started", **columns: Any) -> str:
    now, event = site.deployment.clock.now(), f"evt_{job[4:]}_{sequence}"
    due_at = now if state == "pending" else None
    row = {
        "id": event,
        "site_id": site.id,
        "job_id": job,
        "sequence": sequence,
        "type": type,
        "data": '{"state": "running"}',
        "created_at": now,
        "state": state,
        "due_at": due_at,
        "attempts": 8 if state == "dead" else 1,
        **columns,
    }
    marks = ", ".join("?" * len(row))
    site.deployment.database.query(f"INSERT INTO callbacks ({', '.join(row)}) VALUES ({marks})", *row.values())
    return event


async def replay(site: Site, **body: Any) -> dict[str, Any]:
    response = await site.client.post(f"{PATH}/replay", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def deliver(site: Site) -> None:
    await callback.deliver(site.deployment.services(), [DeliveredMessage({"site": site.id})])


def states(site: Site) -> dict[str, str]:
    return {row["id"]: row["state"] for row in site.deployment.database.query("SELECT id, state FROM callbacks")}


# --- looking


async def test_the_list_says_how_the_delivery_of_each_event_stands(site: Site) -> None:
    job = await site.job()
    add_event(site, job, 1, "delivered", status=200, delivered_at=site.deployment.clock.now() + 5, company="Acme")
    add_event(site, job, 2, "dead", "job.completed", status=500, error="http_500: no")
    listed = (await site.client.get(PATH)).json()
    assert listed["next"] is None
    assert listed["callbacks"] == [
        {
            "id": f"evt_{job[4:]}_2",
            "type": "job.completed",
            "job": job,
            "company": None,
            "sequence": 2,
            "state": "dead",
            "attempts": 8,
            "status": 500,
            "error": "http_500: no",
            "due_at": None,
            "delivered_at": None,
            "created_at": "2026-11-18T11:06:40.000Z",
        },
        {
            "id": f"evt_{job[4:]}_1",
            "type": "job.started",
            "job": job,
            "company": "Acme",
            "sequence": 1,
            "state": "delivered",
            "attempts": 1,
            "status": 200,
            "error": None,
            "due_at": None,
            "delivered_at": "2026-11-18T11:06:40.005Z",
            "created_at": "2026-11-18T11:06:40.000Z",
        },
    ]


async def test_the_list_comes_a_page_at_a_time_and_by_state_job_and_type(site: Site) -> None:
    jobs = [await site.job(), await site.job()]
    for sequence in range(1, 6):
        for job in jobs:
            type_ = "job.progress" if sequence == 3 else "batch.completed"
            add_event(site, job, sequence, "dead" if sequence == 2 else "superseded", type_)
    seen, cursor = [], ""
    while True:
        page = (await site.client.get(f"{PATH}?limit=3&job={jobs[0]}&cursor={cursor}")).json()
        seen += [row["sequence"] for row in page["callbacks"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    assert len((await site.client.get(f"{PATH}?state=dead")).json()["callbacks"]) == 2
    found = (await site.client.get(f"{PATH}?type=job.progress&job={jobs[1]}")).json()["callbacks"]
    assert [(row["job"], row["sequence"]) for row in found] == [(jobs[1], 3)]
    assert fault(await site.client.get(f"{PATH}?type=job.progres")) == (422, "invalid-request", "type")
    assert fault(await site.client.get(f"{PATH}?state=open")) == (422, "invalid-request", "state")
    assert fault(await site.client.get(f"{PATH}?cursor=WzFd")) == (422, "invalid-request", "cursor")


def test_the_types_that_can_be_looked_for_are_those_of_the_schema() -> None:
    [types] = re.findall(r"CHECK \(type IN \(([^)]*)\)", (MIGRATIONS / "0001_initial.sql").read_text())
    assert re.findall(r"'([^']*)'", types) == list(EventType)


# --- replaying


async def test_a_replay_counts_first_then_posts_the_dead_again_with_the_same_id_and_body(site: Site) -> None:
    site.deployment.answer = receiver = Receiver()
    job = await site.job()
    dead = add_event(site, job, 1, "pending")
    await deliver(site)
    site.deployment.database.query("UPDATE callbacks SET state = 'dead', attempts = 8, status = 500, error = 'x'")
    site.deployment.clock.advance(90_000)
    assert await replay(site, state="dead", dry_run=True) == {"count": 1, "dry_run": True, "remaining": 0}
    assert states(site) == {dead: "dead"}
    assert not site.deployment.callbacks.sent
    assert await replay(site, state="dead") == {"count": 1, "dry_run": False, "remaining": 0}
    [row] = site.deployment.database.query("SELECT * FROM callbacks")
    assert (row["state"], row["attempts"], row["due_at"]) == ("pending", 0, site.deployment.clock.now())
    assert list(site.deployment.callbacks.sent) == [({"site": site.id}, 0)]
    await deliver(site)
    first, again = receiver.bodies[dead]
    assert first == again
    assert states(site) == {dead: "delivered"}


async def test_a_dead_event_that_is_replayed_has_its_whole_schedule_again(site: Site) -> None:
    event = add_event(site, await site.job(), 1, "dead")
    await replay(site, state="dead")
    await deliver(site)  # the receiver answers 404
    [row] = site.deployment.database.query("SELECT * FROM callbacks")
    assert (row["id"], row["state"], row["attempts"]) == (event, "pending", 1)
    assert row["due_at"] <= site.deployment.clock.now() + 6_000


async def test_what_was_superseded_or_is_still_pending_is_never_replayed(site: Site) -> None:
    job = await site.job()
    ids = [add_event(site, job, n, state) for n, state in enumerate(("superseded", "pending", "dead", "delivered"), 1)]
    assert (await replay(site, ids=ids))["count"] == 2
    assert [states(site)[event] for event in ids] == ["superseded", "pending", "pending", "pending"]


async def test_delivered_events_are_replayed_since_a_time_or_by_id_and_only_when_asked_for(site: Site) -> None:
    job = await site.job()
    early = add_event(site, job, 1, "delivered")
    site.deployment.clock.advance(3600)
    late, dead = add_event(site, job, 2, "delivered"), add_event(site, job, 3, "dead")
    since = "2026-11-18T13:06:40+01:00"  # an hour after the first
    assert (await replay(site, since=since, dry_run=True))["count"] == 1
    assert (await replay(site, since=since, state="delivered"))["count"] == 1
    assert states(site) == {early: "delivered", late: "pending", dead: "dead"}
    assert (await replay(site, ids=[early], state="dead"))["count"] == 0
    assert (await replay(site, ids=[early]))["count"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"dry_run": True}, ""),
        ({"state": "delivered"}, "/state"),
        ({"state": "superseded"}, "/state"),
        ({"state": "pending"}, "/state"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2026-02-30T00:00:00Z"}, "/since"),
    ],
)
async def test_a_replay_has_to_say_what_it_is_of(site: Site, body: dict[str, Any], field: str) -> None:
    assert fault(await site.client.post(f"{PATH}/replay", json=body)) == (422, "invalid-request", field)


async def test_a_replay_leaves_one_audit_row_and_one_of_nothing_leaves_none(site: Site) -> None:
    job = await site.job()
    await replay(site, state="dead")
    assert not site.deployment.database.query("SELECT 1 FROM audit WHERE action = 'callbacks.replay'")
    for sequence in range(1, 4):
        add_event(site, job, sequence, "dead")
    await replay(site, state="dead", dry_run=True)
    await replay(site, state="dead")
    await replay(site, state="dead")
    [row] = site.deployment.database.query("SELECT * FROM audit WHERE action = 'callbacks.replay'")
    assert (row["site_id"], row["target"], json.loads(row["detail"])) == (
        site.id,
        site.id,
        {"state": "dead", "count": 3},
    )


async def test_a_call_replays_so_many_of_the_oldest_and_says_how_many_remain(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST", 2)
    job = await site.job()
    ids = [add_event(site, job, sequence, "dead") for sequence in range(1, 4)]
    assert await replay(site, state="dead", dry_run=True) == {"count": 2, "dry_run": True, "remaining": 1}
    assert await replay(site, state="dead") == {"count": 2, "dry_run": False, "remaining": 1}
    assert [states(site)[event] for event in ids] == ["pending", "pending", "dead"]
    assert await replay(site, state="dead") == {"count": 1, "dry_run": False, "remaining": 0}


@pytest.mark.parametrize("again", ["replay", "url"])
async def test_a_receiver_that_asked_for_an_hour_is_asked_at_once_when_somebody_knows_better(
    site: Site, again: str
) -> None:
    site.deployment.answer = lambda _: HttpResponse(503, {"retry-after": "3600"}, b"")
    event, other = [add_event(site, await site.job(), 1, "pending") for _ in range(2)]
    await deliver(site)
    [shown, _] = (await site.client.get(PATH)).json()["callbacks"]
    assert (shown["id"], shown["due_at"]) == (other, "2026-11-18T12:06:40.000Z")
    site.deployment.answer = echo
    site.deployment.clock.advance(60)
    await deliver(site)
    assert states(site) == {event: "pending", other: "pending"}
    if again == "replay":
        assert (await replay(site, state="dead"))["count"] == 0
    else:
        await site.operator.patch(f"/v1/sites/{site.id}", json={"callback_url": URL})
    await deliver(site)
    assert states(site) == {event: "delivered", other: "delivered"}


async def test_after_a_410_nothing_is_replayed_until_the_operator_sets_the_url_again(site: Site) -> None:
    site.deployment.answer = lambda _: HttpResponse(410, {}, b"")
    event = add_event(site, await site.job(), 1, "pending")
    dead = add_event(site, await site.job(), 1, "dead")
    await deliver(site)
    for body in ({"state": "dead"}, {"ids": [event], "dry_run": True}):
        response = await site.client.post(f"{PATH}/replay", json=body)
        assert fault(response) == (409, "callbacks-off", "")
        assert "callback_url" in response.json()["detail"]
    assert states(site)[dead] == "dead"
    await site.operator.patch(f"/v1/sites/{site.id}", json={"callback_url": URL})
    site.deployment.answer = echo
    assert (await replay(site, state="dead"))["count"] == 1
    await deliver(site)
    assert states(site) == {event: "delivered", dead: "delivered"}


async def test_a_site_without_a_url_has_nothing_to_replay_to(new_site: Any) -> None:
    site = await new_site()
    add_event(site, await site.job(), 1, "dead")
    assert fault(await site.client.post(f"{PATH}/replay", json={"state": "dead"})) == (409, "callbacks-off", "")


# --- whose they are


async def test_foreign_callbacks_look_like_missing_ones_and_stop_the_whole_replay(new_site: Any) -> None:
    ours, theirs = await new_site(callback_url=URL), await new_site(callback_url=URL)
    foreign_job, own_job = await theirs.job(), await ours.job()
    foreign, own = add_event(theirs, foreign_job, 1, "dead"), add_event(ours, own_job, 1, "dead")
    acme = await ours.company("Acme")
    of_acme = add_event(ours, await ours.job(company="Acme"), 1, "dead", company="Acme")
    for client in (ours.client, acme):
        for dry_run in (True, False):
            body = {"ids": [of_acme, foreign], "dry_run": dry_run}
            assert fault(await client.post(f"{PATH}/replay", json=body)) == (404, "unknown-callback", "")
        assert fault(await client.get(f"{PATH}?job={foreign_job}")) == (404, "unknown-job", "")
    assert {row["id"] for row in (await ours.client.get(PATH)).json()["callbacks"]} == {own, of_acme}
    assert [row["id"] for row in (await acme.get(PATH)).json()["callbacks"]] == [of_acme]
    assert fault(await acme.post(f"{PATH}/replay", json={"ids": [own]})) == (404, "unknown-callback", "")
    response = await acme.post(f"{PATH}/replay", json={"state": "dead"})
    assert response.json()["count"] == 1
    assert states(ours) == {own: "dead", of_acme: "pending", foreign: "dead"}
    [row] = ours.deployment.database.query("SELECT company FROM audit WHERE action = 'callbacks.replay'")
    assert row == {"company": "Acme"}


async def test_the_operator_has_no_callbacks_of_their_own(site: Site) -> None:
    assert fault(await site.operator.get(PATH)) == (403, "forbidden", "")
