"""The owner's checklist holds. Each test is one line of it, from the API to the provider's or Moodle's end."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dev.moodle import Moodle
from tests.doubles.sendgrid import Reply, SendGridServer, address_of
from tests.worlds.live import PATIENCE, SENDER, Live, people, person, refs, within

if TYPE_CHECKING:
    from tests.doubles.aws import SesServer


def test_a_job_with_5_recipients(running: Live) -> None:
    site = running.site()
    job = site.start(site.draft(people(5)))
    assert site.ended(job)["counts"] == counts(sent=5)
    ended = site.people(job)
    assert refs(ended.values()) == refs(people(5))
    assert all(each["state"] == "sent" and each["message_id"] and each["attempts"] == 1 for each in ended.values())


def test_it_appears_in_monitoring(running: Live) -> None:
    site = running.site()
    job = site.draft(people(5), name="Course reminder")
    (shown,) = site.get("/v1/jobs")["jobs"]
    assert (shown["id"], shown["name"], shown["state"]) == (job, "Course reminder", "draft")
    assert shown["counts"] == counts(pending=5)
    assert shown["eta_seconds"] == 1
    site.ended(site.start(job))
    (shown,) = site.get("/v1/jobs", state="completed")["jobs"]
    assert shown == site.job(job)
    assert shown["counts"] == counts(sent=5)
    assert shown["created_at"] <= shown["started_at"] <= shown["ended_at"]


def test_the_queue_receives_its_message(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    job = site.draft(people(5))
    hold = sendgrid.hold(job)
    site.start(job)
    assert hold.reached.wait(PATIENCE)
    # a reference, with nothing about anybody in it
    assert messages(running, job) == [{"job": job, "batch": 0}]
    hold.release()
    site.ended(job)
    within("the message is acknowledged", lambda: not messages(running, job))


def test_the_worker_processes_it(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    message = {
        "subject": "{{ course }}: {{ name }}",
        "html": "<p>{{ name }} has <b>{{ points }}</b> points in {{ course }}.</p>",
        "variables": {"course": "Art & Craft"},
        "reply_to": {"email": "teacher@school.example"},
    }
    learners = [person(number) | {"variables": {"points": number}} for number in range(5)]
    learners[3] |= {"name": "Žofie <3", "email": "zofie@školka.example"}
    job = site.start(site.draft(learners, message=message))
    site.ended(job)
    assert len(sendgrid.mails(job)) == 5
    (mail,) = [mail for mail in sendgrid.mails(job) if address_of(mail) == "zofie@xn--kolka-udb.example"]
    assert mail["subject"] == "Art & Craft: Žofie <3"
    assert [part["value"].strip() for part in mail["content"]] == [
        "Žofie <3 has 3 points in Art & Craft.",
        "<p>Žofie &lt;3 has <b>3</b> points in Art &amp; Craft.</p>",
    ]
    assert (mail["from"], mail["reply_to"]) == (SENDER, {"email": "teacher@school.example"})


@pytest.mark.parametrize("provider", ["ses", "sendgrid"])
def test_mails_leave_through_ses_and_sendgrid(
    running: Live, ses: "SesServer", sendgrid: SendGridServer, provider: str
) -> None:
    site = running.site(provider=provider)
    assert site.get("/v1/me")["provider"] == {"name": provider, "ok": True, "detail": "accepts our credentials"}
    job = site.start(site.draft(people(5)))
    assert site.ended(job)["counts"] == counts(sent=5)
    ids = {each["message_id"] for each in site.people(job).values()}
    assert len(ids) == 5
    if provider == "ses":
        mails = [mail for mail in ses.sent if mail.id in ids]
        addresses = Counter(mail.destinations["ToAddresses"][0].rpartition("<")[2].rstrip(">") for mail in mails)
        assert {mail.subject for mail in mails} == {f"For Person {number}" for number in range(5)}
    else:
        addresses = sendgrid.mailed(job)
        assert {mail["subject"] for mail in sendgrid.mails(job)} == {f"For Person {number}" for number in range(5)}
    assert addresses == Counter(each["email"] for each in people(5))


def test_the_callback_updates_moodles_status(running: Live) -> None:
    with Moodle() as moodle:
        site = running.site(callback_url=moodle.url)
        moodle.secret = site.secret
        job = site.start(site.draft([*people(4), person(4, "gone.invalid")]))
        ended = site.ended(job)
        within("Moodle knows that the job has ended", lambda: moodle.jobs.get(job, {}).get("state") == "completed")
        within("Moodle knows everybody's outcome", lambda: len(moodle.outcomes) == 5)
        assert moodle.jobs[job]["counts"] == ended["counts"] == counts(sent=4, failed=1)
        told = {ref: (seen.state, seen.reason, seen.message_id) for (_, ref), seen in moodle.outcomes.items()}
        assert told == {
            ref: (each["state"], each["reason"], each["message_id"]) for ref, each in site.people(job).items()
        }
        assert told["u4"] == ("failed", "mailbox_unavailable", None)
        assert all(request.verified and request.status == 200 for request in moodle.requests)
        with Moodle() as polled:
            for event in site.events():
                polled.apply(event["id"], event)
        assert (polled.outcomes, polled.jobs) == (moodle.outcomes, moodle.jobs)


def test_retry_of_failed_recipients(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    learners = [person(number, "retry.example") for number in range(5)]
    for learner in learners[:2]:
        sendgrid.replies[learner["email"]].append(Reply(400, "Does not contain a valid address."))
    job = site.start(site.draft(learners))
    assert site.ended(job)["counts"] == counts(sent=3, failed=2)
    assert site.get(f"/v1/jobs/{job}/reasons")["reasons"] == [{"state": "failed", "reason": "rejected", "count": 2}]

    path, failed = f"/v1/jobs/{job}/retry", {"state": "failed"}
    assert site.post(path, {"filter": failed, "dry_run": True})["count"] == 2
    assert site.job(job)["counts"]["failed"] == 2
    assert site.post(path, {"filter": failed})["count"] == 2
    assert site.ended(job)["counts"] == counts(sent=5)
    assert sendgrid.mailed(job) == Counter(learner["email"] for learner in learners)


def test_fallback_to_local_processing(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    learners = people(100)
    job = site.draft(learners)
    hold = sendgrid.hold(job, after=30)
    site.start(job)
    assert hold.reached.wait(PATIENCE)
    answer = site.post(f"/v1/jobs/{job}/handback")
    hold.release()
    site.ended(job, "cancelled")

    returned = answer["recipients"]
    assert answer["handed_back"] == len(returned) > 0
    mailed = sendgrid.mailed(job)
    locally = Counter(each["email"] for each in returned)
    # together exactly everybody, each once: by the provider or by Moodle
    assert mailed + locally == Counter(learner["email"] for learner in learners)
    assert mailed.total() >= 31
    ended = site.people(job)
    assert refs(returned) == {ref for ref, each in ended.items() if each["state"] == "cancelled"}
    assert {each["reason"] for each in ended.values() if each["state"] == "cancelled"} == {"handed_back"}
    assert {each["email"] for each in ended.values() if each["state"] == "sent"} == mailed.keys()


def test_company_filtering(running: Live) -> None:
    site = running.site()
    north, south = (running.company(site, company) for company in ("north", "south"))
    jobs = {
        "north": north.start(north.draft(people(5))),
        "south": south.start(south.draft(people(3))),
        "site": site.start(site.draft(people(2))),
    }
    for job in jobs.values():
        site.ended(job)
    assert {job["id"] for job in site.get("/v1/jobs")["jobs"]} == set(jobs.values())
    assert [job["id"] for job in site.get("/v1/jobs", company="south")["jobs"]] == [jobs["south"]]
    for company, token in (("north", north), ("south", south)):
        (seen,) = token.get("/v1/jobs")["jobs"]
        assert (seen["id"], seen["company"]) == (jobs[company], company)
        assert {event["data"]["job"] for event in token.events()} == {jobs[company]}
        for foreign in set(jobs.values()) - {jobs[company]}:
            refused = [token.ask("GET", f"/v1/jobs/{foreign}{part}") for part in ("", "/recipients", "/reasons")]
            refused += [token.ask("POST", f"/v1/jobs/{foreign}/{act}") for act in ("cancel", "handback", "retry")]
            unknown = token.ask("GET", f"/v1/jobs/job_{'0' * 32}")
            assert {answer.status_code for answer in refused} == {404}
            # a job of somebody else looks exactly as one that does not exist
            assert without_instance(refused[0].json()) == without_instance(unknown.json())


def counts(**some: int) -> dict[str, int]:
    states = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")
    return {"total": sum(some.values()), **dict.fromkeys(states, 0), **some}


def messages(running: Live, job: str) -> list[Any]:
    """What is on the queue of batches for a job; a message that is being worked on is still there."""
    with closing(sqlite3.connect(running.runtime.state / "queues.sqlite")) as queues:
        rows = queues.execute("SELECT body FROM messages WHERE queue = 'offload-batches'").fetchall()
    return [body for (text,) in rows if (body := json.loads(text)).get("job") == job]


def without_instance(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}
