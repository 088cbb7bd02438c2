"""`offload status`, `retry`, `pause`, `resume` and `cancel` show what stands, and ask before what cannot be undone."""

import json

import pytest

from cli import show
from tests.cli.conftest import Run
from tests.doubles.fake_jobs import Job
from tests.doubles.fake_service import FakeService


@pytest.fixture
def failed(service: FakeService) -> Job:
    """10 people: 5 sent, 3 failed for two reasons, 2 uncertain."""
    job = service.job(people=10, state="completed")
    outcomes = [("failed", "mailbox_unavailable")] * 2 + [("failed", "spam")] + [("uncertain", "response_lost")] * 2
    for person in job.people.values():
        person["state"] = "sent"
    for person, (state, reason) in zip(job.people.values(), outcomes, strict=False):
        person.update(state=state, reason=reason, detail="550 no")
    return job


def test_recent_jobs_are_listed_newest_first(run: Run, service: FakeService) -> None:
    first, second = service.job(people=2, name="First"), service.job(state="draft", name="Second\tone")
    lines = run("status").stdout.splitlines()
    assert lines == [
        f"{second.id}\tdraft\t0\t0\t0\t0\t2026-11-24T15:00:00.000Z\tSecond one",
        f"{first.id}\trunning\t2\t0\t0\t0\t2026-11-24T15:00:00.000Z\tFirst",
    ]


def test_jobs_are_listed_by_state_and_company(run: Run, service: FakeService) -> None:
    service.job(company="acme")
    job = service.job(company="acme", state="paused")
    service.job(state="paused")
    listed = json.loads(run("status", "--company", "acme", "--state", "paused", "--json").stdout)
    assert [each["id"] for each in listed["jobs"]] == [job.id]


@pytest.mark.usefixtures("terminal")
def test_the_table_of_jobs_keeps_ids_whole_also_where_it_is_narrow(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("status").stdout == "There are no jobs.\n"
    job = service.job(people=3, name="A name that is much longer than a column of a table can ever be")
    for width in (80, 60):
        monkeypatch.setattr(show.out, "_width", width)
        assert job.id in run("status").stdout


def test_one_job_is_shown_with_its_reasons(run: Run, failed: Job) -> None:
    lines = run("status", failed.id).stdout.splitlines()
    assert f"job\t{failed.id}" in lines
    assert [line for line in lines if line.startswith("reason")] == [
        "reason\tfailed\tmailbox_unavailable\t2",
        "reason\tuncertain\tresponse_lost\t2",
        "reason\tfailed\tspam\t1",
    ]


def test_one_job_as_json_holds_the_reasons(run: Run, failed: Job) -> None:
    shown = json.loads(run("status", failed.id, "--json").stdout)
    assert shown["counts"]["failed"] == 3
    assert shown["reasons"][0] == {"state": "failed", "reason": "mailbox_unavailable", "count": 2}


@pytest.mark.usefixtures("terminal")
def test_a_paused_job_says_why_and_how_to_go_on(run: Run, service: FakeService) -> None:
    job = service.job(people=3, state="paused")
    job.reason, job.detail = "credentials_rejected", "the key is not known"
    result = run("status", job.id)
    assert "credentials_rejected" in result.stdout
    assert "the key is not known" in result.stdout
    assert f"offload resume {job.id}" in result.stderr


@pytest.mark.usefixtures("terminal")
def test_what_a_person_wrote_reaches_the_terminal_neither_as_control_nor_as_markup(
    run: Run, service: FakeService
) -> None:
    job = service.job(people=1, state="paused", name="\x1b]0;owned\x07[red]x[/red]\u202e")
    job.detail = "\x1b[2Jgone"
    shown = run("status", job.id).stdout + run("status").stdout
    assert "[red]x[/red]" in shown
    for sequence in ("\x1b]0", "\x07", "\u202e", "\x1b[2J"):
        assert sequence not in shown


def test_a_retry_is_counted_first_and_asked(run: Run, failed: Job) -> None:
    result = run("retry", failed.id, input="n\n")
    assert result.exit_code == 130
    assert "Try again: 3 people failed. Send? [y/N]" in result.stderr
    assert failed.state == "completed"
    result = run("retry", failed.id, input="y\n")
    assert result.exit_code == 0
    assert result.stdout == "3 people failed: will be tried again\n"
    assert failed.show()["counts"]["pending"] == 3


def test_a_retry_takes_a_reason_and_chosen_people(run: Run, service: FakeService, failed: Job) -> None:
    run("retry", failed.id, "--reason", "mailbox_unavailable", "--ref", "1", "--ref", "3", "--yes")
    counted, done = service.calls("/retry")
    assert counted == {
        "filter": {"state": "failed", "reason": "mailbox_unavailable", "refs": ["1", "3"]},
        "dry_run": True,
    }
    assert done == {**counted, "dry_run": False}
    assert failed.show()["counts"]["pending"] == 1


def test_uncertain_people_are_retried_only_where_asked_and_with_a_warning(run: Run, failed: Job) -> None:
    result = run("retry", failed.id, "--state", "uncertain", input="y\n")
    assert "would get it twice" in result.stderr
    assert failed.show()["counts"] == failed.show()["counts"] | {"pending": 2, "failed": 3, "uncertain": 0}


def test_a_dry_run_only_counts(run: Run, service: FakeService, failed: Job) -> None:
    answer = json.loads(run("retry", failed.id, "--dry-run", "--json").stdout)
    assert (answer["count"], answer["dry_run"]) == (3, True)
    assert failed.show()["counts"]["failed"] == 3
    assert len(service.calls("/retry")) == 1


def test_a_retry_of_nobody_asks_nothing(run: Run, failed: Job) -> None:
    result = run("retry", failed.id, "--reason", "unheard_of")
    assert result.exit_code == 0
    assert result.stdout == "0 people failed (unheard_of): nothing to do\n"


def test_a_retry_whose_answer_is_lost_is_not_given_again(run: Run, service: FakeService, failed: Job) -> None:
    def lose(_: str) -> None:
        if len(service.calls("/retry")) == 1:
            service.fail("/retry", None, before=False)
            service.on_request = None

    service.on_request = lose
    result = run("retry", failed.id, "--yes")
    assert result.exit_code == 4
    assert "Whether the service did what it was asked is not known" in result.stderr
    assert len(service.calls("/retry")) == 2


def test_pause_and_resume(run: Run, service: FakeService) -> None:
    job = service.job(people=3)
    assert run("pause", job.id).stdout == f"{job.id}\tpaused\n"
    assert run("resume", job.id).stdout == f"{job.id}\tqueued\n"


def test_a_job_is_cancelled_only_after_a_yes(run: Run, service: FakeService) -> None:
    job = service.job(people=3, state="paused")
    result = run("cancel", job.id, input="\n")
    assert result.exit_code == 130
    assert "3 people will not be mailed" in result.stderr
    assert job.state == "paused"
    assert run("cancel", job.id, input="yes\n").exit_code == 0
    assert job.state == "cancelled"


def test_what_a_state_does_not_allow_is_told_in_the_words_of_the_service(run: Run, service: FakeService) -> None:
    result = run("resume", service.job(state="completed").id)
    assert result.exit_code == 3
    assert "The job's state does not allow that (409)" in result.stderr
    assert "Cannot resume a job that is completed." in result.stderr
