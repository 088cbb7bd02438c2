"""src/ does its work on the local runtime: large jobs, faults, cron, and what an operator sees with wrangler."""

import codecs
import csv
import gzip
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.doubles.sendgrid import Reply, SendGridServer
from tests.worlds.live import PATIENCE, Live, people, person, refs, within

NDJSON = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
PEOPLE = 5_000


def test_five_thousand_people_go_in_as_streamed_gzip_and_come_out_as_streamed_csv(running: Live) -> None:
    site = running.site()
    job = site.draft([])
    learners = [person(number) | {"name": f'=1+{number} "漢"', "variables": {"n": number}} for number in range(PEOPLE)]
    packed = gzip.compress(b"\n".join(json.dumps(each, ensure_ascii=False).encode() for each in learners))
    path = f"/v1/jobs/{job}/recipients"
    # without a length, in pieces that end in the middle of lines
    answer = site.ask("POST", path, headers=NDJSON, content=pieces(packed, 10_007))
    assert answer.json() == {"added": PEOPLE, "duplicates": 0, "total": PEOPLE}
    again = site.ask("POST", path, headers=NDJSON, content=pieces(packed, 10_007))
    assert again.json() == {"added": 0, "duplicates": PEOPLE, "total": PEOPLE}

    listed = site.ask("GET", path, headers={"accept": "text/csv"})
    assert listed.headers["transfer-encoding"] == "chunked"
    assert listed.content.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(listed.content.decode("utf-8-sig").splitlines()))
    assert [row["ref"] for row in rows] == [each["ref"] for each in learners]
    # whatever opens it takes no name for a formula
    assert rows[7]["name"] == """'=1+7 "漢\""""


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_an_address_that_is_no_utf8_is_one_that_is_not_there(running: Live) -> None:
    for path in ("/%F0%28%8C%28", "/verify/%E0%A4%A", "/v1/jobs/%FF", "/%"):
        assert running.http.get(path).status_code in (401, 404), path


def test_where_a_request_comes_from_is_no_word_of_its_sender(running: Live) -> None:
    forged = {"cf-connecting-ip": "203.0.113.66", "x-forwarded-for": "203.0.113.66", "cf-ray": "forged-0123456789"}
    site = running.site()
    answer = running.operator.ask("PATCH", f"/v1/sites/{site.id}", {"name": "Other"}, headers=forged)
    assert answer.headers["x-request-id"] != forged["cf-ray"]
    [entry] = running.operator.get("/v1/audit", site=site.id, action="site.change")["entries"]
    assert entry["address"] == "127.0.0.1"


def test_a_scheduled_job_is_started_by_cron(running: Live) -> None:
    site = running.site()
    job = site.draft(people(3), send_at=(datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds"))
    assert site.post(f"/v1/jobs/{job}/start")["state"] == "scheduled"
    send_at = datetime.now(UTC) + timedelta(seconds=1)  # a day goes by, all but a second
    running.rows(f"UPDATE jobs SET send_at = {send_at.timestamp() * 1000:.0f} WHERE id = '{job}'")
    ended = site.ended(job)
    assert ended["counts"]["sent"] == 3
    assert datetime.fromisoformat(ended["started_at"]) >= send_at


def test_a_refused_connection_is_certainly_not_sent(running: Live) -> None:
    site = running.site(provider="resend")
    job = site.start(site.draft(people(3)))
    paused = site.ended(job, "paused")  # nobody could be reached at all: the job waits, and nobody's attempts are burnt
    assert (paused["reason"], paused["counts"]["pending"]) == ("outage", 3)
    assert paused["detail"].startswith("connection_failed")
    assert {each["attempts"] for each in site.people(job).values()} == {0}


def test_an_answer_that_gets_lost_leaves_the_person_uncertain_and_unrepeated(
    running: Live, sendgrid: SendGridServer
) -> None:
    site = running.site(provider="sendgrid")
    learners = [person(number, "lost.example") for number in range(5)]
    sendgrid.replies[learners[2]["email"]].append(Reply(drop=True))
    job = site.start(site.draft(learners))
    assert site.ended(job)["counts"] | {"sent": 4, "uncertain": 1} == site.job(job)["counts"]
    [uncertain] = site.people(job, state="uncertain").values()
    assert (uncertain["ref"], uncertain["reason"], uncertain["attempts"]) == ("u2", "response_lost", 1)
    assert set(sendgrid.mailed(job).values()) == {1}


def test_a_provider_that_redirects_stops_the_job_and_is_not_followed(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    [learner] = [person(1, "moved.example")]
    elsewhere = f"{sendgrid.url}/v3/mail/send"
    sendgrid.replies[learner["email"]].append(Reply(307, headers={"location": elsewhere}))
    job = site.start(site.draft([learner]))
    paused = site.ended(job, "paused")
    assert (paused["reason"], paused["counts"]["pending"]) == ("credentials_rejected", 1)
    assert sendgrid.mails(job) == []


def test_a_message_that_nobody_understands_is_a_dead_letter_that_an_operator_sees(running: Live) -> None:
    nowhere = f"job_{uuid.uuid4().hex}"
    bodies: list[Any] = [["no", "reference"], {"job": nowhere, "batch": 0}]
    put_on_queue(running, *bodies)
    site = running.site()
    site.ended(site.start(site.draft(people(1))))  # and the queue goes on behind it

    def letters() -> list[dict[str, Any]]:
        sql = (
            f"SELECT queue, reason, body, state FROM dead_letters WHERE body LIKE '%{nowhere}%' OR reason = 'malformed'"
        )
        found = running.rows(f"{sql} ORDER BY reason")
        return found if len(found) == len(bodies) else []

    malformed, unknown = within("both are dead letters", letters)
    assert (malformed["reason"], json.loads(malformed["body"])["message"]) == ("malformed", bodies[0])
    assert (unknown["reason"], unknown["state"]) == ("unknown_batch", "open")


def put_on_queue(running: Live, *bodies: Any) -> None:
    """As if somebody had sent them; they are delivered when the queue is next looked at."""
    with closing(sqlite3.connect(running.runtime.state / "queues.sqlite", timeout=PATIENCE)) as queues, queues:
        queues.executemany(
            "INSERT INTO messages (id, queue, body, sent_at, due_at) VALUES (?, 'offload-batches', ?, 0, 0)",
            [(uuid.uuid4().hex, json.dumps(body)) for body in bodies],
        )


def test_an_operator_sees_jobs_and_files_with_wrangler_while_it_runs(running: Live, tmp_path: Path) -> None:
    site = running.site()
    job = site.start(site.draft(people(1)))
    site.ended(job)
    [person] = site.people(job).values()
    sql = f"SELECT state, sent FROM jobs WHERE id = '{job}'"
    [answer] = json.loads(running.runtime.wrangler("d1", "execute", "DB", "--json", "--command", sql))
    assert answer["results"] == running.rows(sql) == [{"state": "completed", "sent": 1}]
    file = tmp_path / "mail.eml"
    key = f"{site.id}/sandbox/{job}/{person['message_id']}.eml"
    running.runtime.wrangler("r2", "object", "get", f"cloud-offload-files/{key}", "--file", str(file))
    assert b"To: Person 0\r\n <u0@students.example>" in file.read_bytes()
    assert file.read_bytes() == running.stored(key)


def test_a_second_start_finds_everything_again(running: Live) -> None:
    site = running.site()
    draft, started = site.draft(people(120)), site.draft(people(120))
    before = site.job(draft)
    site.start(started)
    running.runtime.stop()
    with_nobody_there(running.http)
    running.runtime.start()
    assert site.job(draft) == before
    assert refs(site.people(draft).values()) == refs(people(120))
    # what was under way goes on, what was not can be started
    for job in (started, site.start(draft)):
        assert site.ended(job)["counts"]["sent"] == 120


def with_nobody_there(http: httpx.Client) -> None:
    try:
        http.get("/healthz")
    except httpx.ConnectError:
        return
    raise AssertionError("somebody still answers")
