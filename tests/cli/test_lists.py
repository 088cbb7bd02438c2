"""`offload failures` and `handback` lose nobody, overwrite nothing and ask first."""

import json
from pathlib import Path

import pytest

from cli.people import PeopleFile, Row
from tests.cli.conftest import Run
from tests.doubles.fake_jobs import Job
from tests.doubles.fake_service import FakeService


@pytest.fixture
def failed(service: FakeService) -> Job:
    job = service.job(people=70, state="completed")
    for person in job.people.values():
        person.update(state="failed", reason="spam", detail="554 no")
    job.people["7"].update(state="uncertain", reason="response_lost", detail=None)
    job.people["1"].update(state="sent", reason=None)
    return job


def test_piped_every_failure_is_a_line(run: Run, service: FakeService, failed: Job) -> None:
    service.jobs.page = 20
    lines = run("failures", failed.id).stdout.splitlines()
    assert len(lines) == 69
    assert lines[0] == "2\tp2@example.org\tPerson 2\tfailed\tspam\t554 no"
    assert lines[-1] == "7\tp7@example.org\tPerson 7\tuncertain\tresponse_lost\t-"


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_the_first_are_shown_and_that_there_are_more(run: Run, failed: Job) -> None:
    result = run("failures", failed.id)
    assert "p52@example.org" in result.stdout
    assert "p53@example.org" not in result.stdout
    assert "There are more" in result.stderr
    assert run("failures", failed.id, "--reason", "unheard_of").stdout == "Nobody.\n"


def test_failures_as_csv_are_those_of_the_service_under_one_header(run: Run, failed: Job) -> None:
    assert run("failures", failed.id, "--csv", "out.csv").exit_code == 0
    content = Path("out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfref,email,name,state")
    assert content.count(b"ref,email") == content.count(b"\xef\xbb\xbf") == 1
    assert content.count(b"\r\n") == 70
    assert content.splitlines()[-1].startswith(b"7,p7@example.org,Person 7,uncertain")
    assert Path("out.csv.part").exists() is False


def test_failures_can_go_to_the_standard_output_and_be_chosen(run: Run, failed: Job) -> None:
    result = run("failures", failed.id, "--csv", "-", "--state", "uncertain")
    assert result.stdout_bytes.splitlines()[1].startswith(b"7,p7@example.org")
    assert len(result.stdout_bytes.splitlines()) == 2


def test_a_list_that_cannot_be_had_leaves_no_file_and_the_old_one(run: Run, service: FakeService, failed: Job) -> None:
    Path("out.csv").write_text("old")
    service.fail("recipients", 500, times=5)
    result = run("failures", failed.id, "--csv", "out.csv")
    assert result.exit_code == 4
    assert Path("out.csv").read_text() == "old"
    assert Path("out.csv.part").exists() is False


def test_a_file_that_cannot_be_written_is_bad_input(run: Run, failed: Job) -> None:
    result = run("failures", failed.id, "--csv", "missing/out.csv")
    assert result.exit_code == 2
    assert "missing/out.csv cannot be written" in result.stderr


def test_handed_back_people_are_written_down_page_after_page(run: Run, service: FakeService) -> None:
    service.jobs.page = 4
    job = service.job(people=10, state="paused")
    job.people["1"]["state"] = "sent"
    job.people["2"]["state"] = "sending"
    job.people["3"]["name"] = "=cmd()"
    job.people["4"]["name"] = "Ann;=cmd()"
    result = run("handback", job.id, "--csv", "out.csv", "--yes")
    assert result.exit_code == 0
    assert "8 people taken back; they are in out.csv" in result.stderr
    assert "still being mailed: 1 person" in result.stderr
    rows = list(PeopleFile(Path("out.csv")).entries())
    assert len(rows) == 8
    assert rows[0] == Row(2, "3", "p3@example.org", "'=cmd()", {})
    assert rows[1] == Row(3, "4", "p4@example.org", "Ann;'=cmd()", {})
    assert rows[-1] == Row(9, "10", "p10@example.org", "Person 10", {})
    assert job.state == "cancelled"


def test_a_hand_back_is_asked_first(run: Run, service: FakeService) -> None:
    job = service.job(people=10, state="paused")
    result = run("handback", job.id, "--csv", "out.csv", input="n\n")
    assert result.exit_code == 130
    assert "take back 10 people not mailed yet?" in result.stderr
    assert job.state == "paused"
    assert Path("out.csv").exists() is False


def test_a_hand_back_never_overwrites_and_never_begins_without_a_place_to_write_to(
    run: Run, service: FakeService
) -> None:
    job = service.job(people=10, state="paused")
    Path("out.csv").write_text("others")
    for arguments in ((), ("--csv", "out.csv"), ("--csv", "missing/out.csv"), ("--csv", "-", "--json")):
        assert run("handback", job.id, *arguments, "--yes").exit_code == 2
    assert job.state == "paused"
    assert Path("out.csv").read_text() == "others"


def test_a_hand_back_that_was_cut_off_gives_the_same_people_again(run: Run, service: FakeService) -> None:
    service.jobs.page = 4
    job = service.job(people=10, state="paused")
    service.fail("GET /v1/jobs/" + job.id + "/recipients", 500, times=5)
    result = run("handback", job.id, "--csv", "out.csv", "--yes")
    assert result.exit_code == 4
    assert Path("out.csv").exists() is False
    result = run("handback", job.id, "--csv", "out.csv", "--yes")
    assert result.exit_code == 0, result.output
    assert len(list(PeopleFile(Path("out.csv")).entries())) == 10


def test_a_hand_back_as_json_holds_everybody_as_they_are(run: Run, service: FakeService) -> None:
    service.jobs.page = 4
    job = service.job(people=6, state="paused")
    job.people["3"]["name"] = "=cmd()"
    answer = json.loads(run("handback", job.id, "--json", "--yes").stdout)
    assert answer["handed_back"] == len(answer["recipients"]) == 6
    assert answer["recipients"][2] == {"ref": "3", "email": "p3@example.org", "name": "=cmd()"}
    assert answer["next"] is None


def test_the_next_page_is_never_fetched_from_somewhere_else(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = service.job(people=2, state="paused")
    real = service.answer

    def elsewhere(*arguments: object) -> object:
        status, content, headers = real(*arguments)  # type: ignore[arg-type]
        return (
            status,
            {**content, "next": "http://127.0.0.2:9/v1/jobs"} if "recipients" in content else content,
            headers,
        )

    monkeypatch.setattr(service, "answer", elsewhere)
    result = run("handback", job.id, "--json", "--yes")
    assert result.exit_code == 4
    assert "points to another one" in result.stderr
