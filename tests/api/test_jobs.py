"""A job is created once a key, whole or not at all, moves by its routes, and each move is audited."""

from typing import Any

import pytest

from api import people
from core.errors import DatabaseBusy
from runtime.ports import Row, Statement
from tests.worlds.api import MESSAGE, NEW_JOB, Site, fault, person


async def test_a_job_is_created_with_its_first_people_and_started_in_one_call(site: Site) -> None:
    body = NEW_JOB | {"recipients": [person(number) for number in range(5)], "start": True, "rate": 2}
    response = await site.client.post("/v1/jobs", json=body)
    job = response.json()
    assert (response.status_code, job["state"], job["counts"]["total"], job["counts"]["pending"]) == (
        201,
        "queued",
        5,
        5,
    )
    assert (job["rate"], job["eta_seconds"], job["measured_rate"]) == (2, 3, None)
    assert job["created_at"] == "2026-11-18T11:06:40.000Z"
    assert [body for body, _ in site.deployment.batches.sent] == [{"job": job["id"], "batch": 0}]


async def test_a_fault_in_person_seven_creates_nothing(site: Site) -> None:
    people = [person(number) for number in range(10)]
    del people[6]["email"]
    response = await site.client.post("/v1/jobs", json=NEW_JOB | {"recipients": people, "start": True})
    assert fault(response) == (422, "invalid-request", "/recipients/6/email")
    assert (await site.client.get("/v1/jobs")).json()["jobs"] == []


async def test_the_same_key_and_body_give_the_same_job_again(site: Site) -> None:
    body = NEW_JOB | {"recipients": [person(1), person(2)], "start": True}
    headers = {"Idempotency-Key": "course 7"}
    first = await site.client.post("/v1/jobs", json=body, headers=headers)
    again = await site.client.post("/v1/jobs", json=dict(reversed(body.items())), headers=headers)
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert len((await site.client.get("/v1/jobs")).json()["jobs"]) == 1
    assert len(site.deployment.database.query("SELECT id FROM audit WHERE action = 'job.create'")) == 1


async def test_the_same_key_with_another_body_is_a_conflict(site: Site) -> None:
    headers = {"Idempotency-Key": "course 7"}
    await site.client.post("/v1/jobs", json=NEW_JOB, headers=headers)
    response = await site.client.post("/v1/jobs", json=NEW_JOB | {"name": "Other"}, headers=headers)
    assert fault(response) == (409, "idempotency-conflict", "")


@pytest.mark.parametrize("key", ["", "k" * 256, "sn\u00f6w"])
async def test_a_key_that_cannot_be_one_is_refused(site: Site, key: str) -> None:
    response = await site.client.post("/v1/jobs", json=NEW_JOB, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert fault(response) == (422, "invalid-request", "Idempotency-Key")


@pytest.mark.parametrize("nth", range(1, 30))
async def test_a_repeat_completes_what_a_crash_at_any_statement_left_undone(
    site: Site, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    body = NEW_JOB | {"recipients": [person(number) for number in range(1500)], "start": True}
    headers = {"Idempotency-Key": "k"}
    calls = 0
    original = site.deployment.database.batch

    async def dying(statements: list[Statement]) -> list[list[Row]]:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise DatabaseBusy("D1 DB is overloaded")
        return await original(statements)

    monkeypatch.setattr(site.deployment.database, "batch", dying)
    first = await site.client.post("/v1/jobs", json=body, headers=headers)
    monkeypatch.undo()
    if first.status_code != 201:
        assert fault(first) == (503, "unavailable", "")
        assert first.headers["retry-after"] == "5"
        assert "overloaded" not in first.text
    again = (await site.client.post("/v1/jobs", json=body, headers=headers)).json()
    assert (again["state"], again["counts"]["total"]) == ("queued", 1500)
    assert site.deployment.database.query("SELECT id FROM audit WHERE action = 'job.create'")
    assert len((await site.client.get("/v1/jobs")).json()["jobs"]) == 1


async def test_two_at_once_with_one_key_make_one_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    body = NEW_JOB | {"recipients": [person(number) for number in range(10)], "start": True}
    headers = {"Idempotency-Key": "k"}
    original, ahead = people.append, False

    async def overtaken(*arguments: Any) -> Any:
        """By the same request, all of it, just before this one appends."""
        nonlocal ahead
        if not ahead:
            ahead = True
            assert (await site.client.post("/v1/jobs", json=body, headers=headers)).json()["state"] == "queued"
        return await original(*arguments)

    monkeypatch.setattr(people, "append", overtaken)
    response = await site.client.post("/v1/jobs", json=body, headers=headers)
    assert (response.status_code, response.json()["state"]) == (201, "queued")
    assert response.json()["counts"]["total"] == 10
    assert len((await site.client.get("/v1/jobs")).json()["jobs"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "fax"}, "/kind"),
        ({"kind": 7}, "/kind"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "a\r\nBcc: b"}, "/name"),
        ({"company": ""}, "/company"),
        ({"rate": 0}, "/rate"),
        ({"rate": "9"}, "/rate"),
        ({"start": "yes"}, "/start"),
        ({"send_at": "tomorrow"}, "/send_at"),
        ({"send_at": "2026-11-24T15:00:00"}, "/send_at"),
        ({"send_at": "2026-02-30T15:00:00Z"}, "/send_at"),
        ({"reciepients": []}, "/reciepients"),
        ({"recipients": {}}, "/recipients"),
        ({"message": []}, "/message"),
        ({"message": MESSAGE | {"subject": "Hi\r\nBcc: x@example.com"}}, "/message/subject"),
        ({"message": {"html": "x"}}, "/message/subject"),
        ({"message": MESSAGE | {"from": {"email": "no address"}}}, "/message/from/email"),
        ({"message": MESSAGE | {"from": {"email": "a@example.com", "name": "x\ny"}}}, "/message/from/name"),
        ({"message": MESSAGE | {"reply_to": {"email": "@"}}}, "/message/reply_to/email"),
        ({"message": MESSAGE | {"headers": {"X-A": "b\r\nBcc: c"}}}, "/message/headers/X-A"),
        ({"message": MESSAGE | {"headers": {"X-A": 7}}}, "/message/headers/X-A"),
        ({"message": MESSAGE | {"html": "ä" * 256_001}}, "/message/html"),
        ({"message": MESSAGE | {"variables": {"a": "x" * 16_001}}}, "/message/variables"),
    ],
)
async def test_a_job_with_a_fault_is_refused_by_field(site: Site, changes: dict[str, Any], field: str) -> None:
    assert fault(await site.client.post("/v1/jobs", json=NEW_JOB | changes))[1:] == ("invalid-request", field)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (MESSAGE | {"html": "{% for x in %}"}, "/message/html"),
        (MESSAGE | {"subject": "{{ name"}, "/message/subject"),
        (MESSAGE | {"headers": {"Bcc": "b@example.com"}}, "/message/headers/Bcc"),
    ],
)
async def test_a_template_with_a_fault_is_refused_by_its_part(site: Site, message: dict[str, Any], field: str) -> None:
    response = await site.client.post("/v1/jobs", json=NEW_JOB | {"message": message})
    assert fault(response) == (422, "template-refused", field)


async def test_a_variable_that_nobody_has_is_named_at_the_start(site: Site) -> None:
    job = await site.job(2, message=MESSAGE | {"html": "{{ course }}"})
    response = await site.client.post(f"/v1/jobs/{job}/start")
    assert fault(response) == (422, "missing-variables", "/message")
    assert "course" in response.json()["errors"][0]["detail"]


async def test_a_missing_provider_key_is_named_at_the_start(new_site: Any) -> None:
    site = await new_site(provider="resend")
    response = await site.client.post(f"/v1/jobs/{await site.job(1)}/start")
    assert fault(response) == (409, "not-configured", "RESEND_API_KEY")


async def test_a_sender_is_needed_from_the_message_or_the_site(new_site: Any) -> None:
    site = await new_site(**{"from": None, "senders": ["a@example.com"]})
    assert fault(await site.client.post("/v1/jobs", json=NEW_JOB)) == (422, "invalid-request", "/message/from")
    assert await site.job(message=MESSAGE | {"from": {"email": "a@example.com"}})


async def test_a_job_goes_through_its_states_by_its_routes_and_each_is_audited(site: Site) -> None:
    job = await site.job()
    await site.client.post(f"/v1/jobs/{job}/recipients", json=[person(1)])
    states = []
    for action in ("start", "pause", "resume", "cancel"):
        states.append((await site.client.post(f"/v1/jobs/{job}/{action}")).json()["state"])
    assert states == ["queued", "paused", "queued", "cancelled"]
    assert fault(await site.client.post(f"/v1/jobs/{job}/resume")) == (409, "wrong-state", "")
    assert fault(await site.client.post(f"/v1/jobs/{job}/recipients", json=[person(9)])) == (409, "wrong-state", "")
    rows = site.deployment.database.query("SELECT actor, action, target FROM audit WHERE action LIKE 'job.%'")
    [token] = site.deployment.database.query("SELECT id FROM tokens")
    assert [row["action"] for row in rows] == [
        "job.create",
        "job.append",
        "job.start",
        "job.pause",
        "job.resume",
        "job.cancel",
    ]
    assert {(row["actor"], row["target"]) for row in rows} == {(token["id"], job)}


async def test_an_empty_job_cannot_be_started(site: Site) -> None:
    assert fault(await site.client.post(f"/v1/jobs/{await site.job()}/start")) == (409, "empty-job", "")


async def test_a_job_for_later_waits_and_says_so(site: Site) -> None:
    job = await site.job(1, send_at="2027-01-01T08:00:00+02:00")
    started = (await site.client.post(f"/v1/jobs/{job}/start")).json()
    assert (started["state"], started["send_at"]) == ("scheduled", "2027-01-01T06:00:00.000Z")


async def test_hand_back_gives_exactly_those_not_sent(site: Site) -> None:
    job = await site.job(5)
    await site.client.post(f"/v1/jobs/{job}/start")
    site.deployment.database.query("UPDATE recipients SET state = 'sent' WHERE position < 2")
    answer = (await site.client.post(f"/v1/jobs/{job}/handback")).json()
    assert (answer["handed_back"], answer["sending"], answer["next"]) == (3, 0, None)
    assert [given["ref"] for given in answer["recipients"]] == ["u2", "u3", "u4"]
    again = (await site.client.post(f"/v1/jobs/{job}/handback")).json()
    assert [given["ref"] for given in again["recipients"]] == ["u2", "u3", "u4"]


async def test_a_hand_back_of_many_goes_on_at_the_address_in_next(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.query.MAX_RECIPIENTS", 2)
    job = await site.job(5)
    answer = (await site.client.post(f"/v1/jobs/{job}/handback")).json()
    refs = [given["ref"] for given in answer["recipients"]]
    following = answer["next"]
    while following:
        page = (await site.client.get(following)).json()
        refs += [given["ref"] for given in page["recipients"]]
        following = page["next"] and f"{answer['next'].partition('&cursor=')[0]}&cursor={page['next']}"
    assert refs == [f"u{number}" for number in range(5)]


async def test_a_retry_counts_first_and_takes_a_filter(site: Site) -> None:
    job = await site.job(6)
    await site.client.post(f"/v1/jobs/{job}/start")
    database = site.deployment.database
    database.query("UPDATE recipients SET state = 'sent' WHERE position < 2")
    database.query("UPDATE recipients SET state = 'failed', reason = 'mailbox_full' WHERE position IN (2, 3)")
    database.query("UPDATE recipients SET state = 'failed', reason = 'rejected' WHERE position = 4")
    database.query("UPDATE recipients SET state = 'uncertain', reason = 'timeout' WHERE position = 5")
    database.query("UPDATE batches SET state = 'done', pending = 0, sent = 2, failed = 3, uncertain = 1")
    database.query("UPDATE jobs SET state = 'completed', ended_at = 1")

    async def count(**body: Any) -> int:
        answer = (await site.client.post(f"/v1/jobs/{job}/retry", json={"dry_run": True} | body)).json()
        assert answer["dry_run"] is True
        assert answer["job"]["state"] == "completed"
        return int(answer["count"])

    assert await count() == 3
    assert await count(filter={"state": "uncertain"}) == 1
    assert await count(filter={"reason": "mailbox_full"}) == 2
    assert await count(filter={"refs": ["u4", "u5"]}) == 1
    assert await count(filter={"refs": []}) == 0
    reasons = (await site.client.get(f"/v1/jobs/{job}/reasons")).json()["reasons"]
    assert reasons == [
        {"state": "failed", "reason": "mailbox_full", "count": 2},
        {"state": "failed", "reason": "rejected", "count": 1},
        {"state": "uncertain", "reason": "timeout", "count": 1},
    ]
    assert database.query("SELECT id FROM audit WHERE action = 'job.retry'") == []
    retried = (await site.client.post(f"/v1/jobs/{job}/retry")).json()
    assert (retried["count"], retried["job"]["state"], retried["job"]["counts"]["pending"]) == (3, "queued", 3)
    assert len(database.query("SELECT id FROM audit WHERE action = 'job.retry'")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {"state": "sent"}}, "/filter/state"),
        ({"filter": {"refs": "u1"}}, "/filter/refs"),
        ({"filter": {"refs": ["u"] * 1001}}, "/filter/refs"),
        ({"dryrun": True}, "/dryrun"),
        ([], ""),
    ],
)
async def test_a_retry_with_a_fault_is_refused_by_field(site: Site, body: Any, field: str) -> None:
    response = await site.client.post(f"/v1/jobs/{await site.job()}/retry", json=body)
    assert fault(response) == (422, "invalid-request", field)


async def test_jobs_are_listed_newest_first_a_page_at_a_time_and_by_state(site: Site) -> None:
    made = []
    for number in range(5):
        made.append(await site.job(1))
        if number % 2:
            site.deployment.clock.advance(1)  # so that some are of the same millisecond
    await site.client.post(f"/v1/jobs/{made[0]}/start")
    listed, query = [], {"limit": "2"}
    while True:
        page = (await site.client.get("/v1/jobs", params=query)).json()
        listed += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert sorted(listed) == sorted(made)
    assert listed[0] == made[4]
    queued = (await site.client.get("/v1/jobs?state=queued")).json()["jobs"]
    assert [job["id"] for job in queued] == [made[0]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=٣", "limit"),
        ("state=sleeping", "state"),
        ("cursor=!", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("cursor=N3x", "cursor"),
        ("stat=queued", "stat"),
    ],
)
async def test_a_fault_in_the_query_is_named(site: Site, query: str, field: str) -> None:
    assert fault(await site.client.get(f"/v1/jobs?{query}")) == (422, "invalid-request", field)


async def test_the_measured_rate_is_of_people_done_since_the_start(site: Site) -> None:
    job = await site.job(4)
    now = site.deployment.clock.now()
    site.deployment.database.query("UPDATE batches SET pending = 1, sent = 2, failed = 1")
    site.deployment.database.query("UPDATE jobs SET state = 'running', started_at = ?1", now - 2000)
    shown = (await site.client.get(f"/v1/jobs/{job}")).json()
    assert (shown["measured_rate"], shown["started_at"]) == (1.5, "2026-11-18T11:06:38.000Z")
    site.deployment.database.query("UPDATE jobs SET state = 'cancelled', ended_at = ?1", now - 1000)
    site.deployment.clock.advance(100)
    shown = (await site.client.get(f"/v1/jobs/{job}")).json()
    assert (shown["measured_rate"], shown["eta_seconds"]) == (3, None)


async def test_the_estimate_follows_what_was_measured_and_the_quota(new_site: Any) -> None:
    site = await new_site(send_rate=100, daily_quota=400)
    job = await site.job(1000)
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["eta_seconds"] == 10 + 2 * 86_400
    database, now = site.deployment.database, site.deployment.clock.now()
    database.query("UPDATE jobs SET state = 'running', started_at = ?1", now - 100_000)
    database.query("UPDATE jobs SET pending = 800, sent = 200")
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["eta_seconds"] == 400 + 86_400


async def test_the_lower_of_the_jobs_and_the_sites_rate_is_the_limit(new_site: Any) -> None:
    site = await new_site(send_rate=5)
    for rate, effective in ((2, 2), (9, 5), (None, 5)):
        job = await site.job(rate=rate)
        assert (await site.client.get(f"/v1/jobs/{job}")).json()["rate"] == effective
