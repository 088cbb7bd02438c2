"""`offload send` sends what the file and the options say, and never sends it twice."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.doubles.fake_service import FakeService

JOB = f"job_{1:032x}"


def test_a_csv_becomes_a_job_that_is_watched_to_its_end(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 0, result.output
    (created,) = service.calls("POST /v1/jobs$")
    assert created == {
        "kind": "email",
        "name": "Your course, {{ name }}",
        "message": {"subject": "Your course, {{ name }}", "html": template.read_text()},
    }
    (sent,) = service.calls("POST .*/recipients")
    first = {"ref": "1", "email": "a@example.org", "name": "Ann", "variables": {"course": "Maths"}}
    assert json.loads(sent.splitlines()[0]) == first
    assert "state\tcompleted" in result.stdout
    assert "sent\t3" in result.stdout


def test_every_option_reaches_the_service(
    run: Run, service: FakeService, template: Path, people: Path, tmp_path: Path
) -> None:
    (tmp_path / "reminder.txt").write_text("Hello {{ name }}")
    run(
        *("send", people, "--template", template, "--yes", "--no-watch"),
        *("--subject", "Soon!", "--text", "reminder.txt", "--from", "Kursy Łódź <k@x.org>", "--reply-to", "r@x.org"),
        *("--name", "November", "--company", "acme", "--at", "2026-12-01T09:00+01:00", "--rate", "2.5"),
        *("--var", "term=autumn", "--var", "motto=a=b", "--category", "reminders", "--unsubscribe"),
    )
    (created,) = service.calls("POST /v1/jobs$")
    assert created == {
        "kind": "email",
        "name": "November",
        "company": "acme",
        "send_at": "2026-12-01T08:00:00.000Z",
        "rate": 2.5,
        "category": "reminders",
        "unsubscribe": True,
        "message": {
            "subject": "Soon!",
            "html": template.read_text(),
            "text": "Hello {{ name }}",
            "from": {"email": "k@x.org", "name": "Kursy Łódź"},
            "reply_to": {"email": "r@x.org", "name": ""},
            "variables": {"term": "autumn", "motto": "a=b"},
        },
    }


def test_a_broken_row_is_told_and_nothing_is_sent(run: Run, service: FakeService, template: Path, people: Path) -> None:
    with people.open("a") as out:
        out.write("1,d@example.org,Di,Art\n")
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 2
    assert "line 5: ref '1' is on line 2 already" in result.stderr
    assert not service.requests


def test_a_bad_address_warns_and_is_sent_for_the_service_to_tell(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    with people.open("a") as out:
        out.write("4,nobody,Di,Art\n")
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 1
    assert "line 5: 'nobody' does not look like an address" in result.stderr
    assert "reason\tfailed\tinvalid_address\t1" in result.stdout
    service.requests.clear()
    assert run("send", people, "--template", template, "--yes", "--strict").exit_code == 2
    assert not service.requests


def test_without_a_subject_or_a_title_it_is_refused(
    run: Run, service: FakeService, people: Path, tmp_path: Path
) -> None:
    (tmp_path / "plain.html").write_text("<title> </title>Hello")
    result = run("send", people, "--template", "plain.html", "--yes")
    assert result.exit_code == 2
    assert "give --subject, or plain.html a <title>" in result.stderr
    assert not service.requests


@pytest.mark.parametrize(
    "option",
    [
        ("--var", "term"),
        ("--var", "=autumn"),
        ("--from", "nobody"),
        ("--at", "tomorrow"),
        ("--rate", "fast"),
        ("--text", "missing.txt"),
    ],
)
def test_an_option_that_cannot_be_meant_is_bad_input(
    run: Run, service: FakeService, template: Path, people: Path, option: tuple[str, str]
) -> None:
    result = run("send", people, "--template", template, "--yes", *option)
    assert result.exit_code == 2
    assert option[0] in result.stderr
    assert not service.requests


def test_a_template_that_is_not_utf_8_is_told_by_line(run: Run, people: Path, tmp_path: Path) -> None:
    (tmp_path / "old.html").write_bytes("<title>x</title>\nJosé".encode("latin-1"))
    result = run("send", people, "--template", "old.html", "--yes")
    assert result.exit_code == 2
    assert "old.html, line 2: byte 0xE9" in result.stderr


def test_the_estimate_is_shown_before_anything_is_sent_and_no_is_heeded(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    result = run("send", people, "--template", template, "--rate", "0.01", input="n\n")
    assert result.exit_code == 130
    assert "0.01/s at most: about 5 min" in result.stderr
    assert "Mail 3 people? [y/N]" in result.stderr
    assert "Nothing was sent" in result.stderr
    assert not service.calls("recipients|start")
    assert run("send", people, "--template", template, "--rate", "0.01", input="y\n").exit_code == 0
    assert len(service.jobs.all) == 1


def test_where_nobody_can_answer_nothing_is_sent(run: Run, service: FakeService, template: Path, people: Path) -> None:
    result = run("send", people, "--template", template)
    assert result.exit_code == 2
    assert "give --yes" in result.stderr
    assert not service.calls("start")


def test_the_same_command_again_sends_nothing_and_tells_of_the_first(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    run("send", people, "--template", template, "--yes")
    service.requests.clear()
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 0
    assert f"submitted already, at 2026-11-24 15:00, as {JOB}, now completed; it is not sent again" in result.stderr
    assert not service.calls("recipients$|start")
    assert "sent\t3" in result.stdout


@pytest.mark.parametrize("change", ["people", "template", "option", "word"])
def test_anything_else_is_another_job(
    run: Run, service: FakeService, template: Path, people: Path, change: str
) -> None:
    command = ["send", str(people), "--template", str(template), "--yes"]
    run(*command)
    if change == "people":
        people.write_text(people.read_text().replace("Maths", "Latin"))
    elif change == "template":
        template.write_text(template.read_text() + " ")
    elif change == "option":
        command += ["--var", "term=autumn"]
    else:
        command += ["--idempotency-key", "once more"]
    result = run(*command)
    assert result.exit_code == 0
    assert "already" not in result.stderr
    assert len(service.jobs.all) == 2


def test_a_key_that_was_used_with_another_message_is_refused(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    command = ("send", people, "--template", template, "--yes", "--idempotency-key", "k")
    run(*command)
    result = run(*command, "--subject", "Another")
    assert result.exit_code == 3
    assert "Idempotency-Key belongs to another request (409)" in result.stderr
    assert len(service.jobs.all) == 1


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.csv"
    path.write_text("ref,email\n" + "".join(f"{n},p{n}@example.org\n" for n in range(12_000)))
    return path


def test_an_upload_that_was_cut_off_goes_on_and_nobody_is_in_it_twice(
    run: Run, service: FakeService, template: Path, many: Path
) -> None:
    service.jobs.people_a_step = 12_000
    command = ("send", many, "--template", template, "--yes")
    # the second call's answer is lost, and so is the whole network after it
    calls = 0

    def cut(call: str) -> None:
        nonlocal calls
        calls += "recipients" in call
        if calls == 2:
            service.fail("recipients", None, times=5, before=False)
            service.on_request = None

    service.on_request = cut
    result = run(*command)
    assert result.exit_code == 4
    assert "The same command goes on from here" in result.stderr
    job = service.jobs.all[JOB]
    assert (len(job.people), job.state) == (10_000, "draft")
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert list(service.jobs.all) == [JOB]
    assert job.show()["counts"]["sent"] == 12_000
    assert max(person["attempts"] for person in job.people.values()) == 1


def test_a_start_whose_answer_is_lost_is_asked_again_without_harm(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    service.fail("/start", None, before=False)
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 0
    assert len(service.calls("/start")) == 2


def test_two_of_the_same_command_at_once_end_as_one_job(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    def overtake(call: str) -> None:
        if "recipients" in call:
            job = service.jobs.all[JOB]
            row = {"email": "x@example.org", "name": "", "variables": {}}
            job.append([{"ref": str(number), **row} for number in (1, 2, 3)])
            job.state = "queued"

    service.on_request = overtake
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 0
    assert "it is not sent again" in result.stderr
    assert len(service.jobs.all[JOB].people) == 3


def test_a_job_that_holds_other_people_is_not_started(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    command = ("--template", template, "--idempotency-key", "k")
    run("send", people, *command, input="n\n")
    service.jobs.all[JOB].append([{"ref": "9", "email": "z@example.org", "name": "", "variables": {}}])
    result = run("send", people, *command, "--yes")
    assert result.exit_code == 2
    assert "has 4 people" in result.stderr
    assert not service.calls("/start")


def test_a_file_that_changes_under_the_upload_is_not_started(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    def touch(call: str) -> None:
        if "recipients" in call:
            people.write_text(people.read_text().replace("Ann", "Amy"))

    service.on_request = touch
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 2
    assert "changed while it was uploaded" in result.stderr
    assert not service.calls("/start")


def test_a_template_with_a_fault_is_refused_before_anybody_is_uploaded(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    template.write_text("<title>x</title>\n\n{{ broken")
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 3
    assert "The template has a fault (422)" in result.stderr
    assert "/message/html: line 3: unexpected end of template" in result.stderr
    assert not service.calls("recipients")


def test_a_variable_that_nobody_has_is_told_and_the_draft_is_named(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    template.write_text("<title>x</title>{{ grade }}")
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 3
    assert "the variable 'grade' has no value for anybody" in result.stderr
    assert f"Nothing was sent; {JOB} stays a draft. To discard it: offload cancel {JOB}" in result.stderr
    assert service.jobs.all[JOB].state == "draft"


def test_a_refused_person_is_told_by_the_lines_of_the_file(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    service.fail("recipients", 422)
    result = run("send", people, "--template", template, "--yes")
    assert result.exit_code == 3
    assert f"lines are counted from line 2 of {people}" in result.stderr


def test_without_watching_the_output_is_the_job_alone(
    run: Run, service: FakeService, template: Path, people: Path
) -> None:
    result = run("send", people, "--template", template, "--yes", "--no-watch")
    assert result.exit_code == 0
    assert result.stdout == f"{JOB}\tqueued\t3\n"
    assert not service.calls(f"GET /v1/jobs/{JOB}$")


def test_a_job_for_later_is_not_waited_for(run: Run, service: FakeService, template: Path, people: Path) -> None:
    result = run("send", people, "--template", template, "--yes", "--at", "2026-12-01T09:00")
    assert result.exit_code == 0
    assert result.stdout == f"{JOB}\tscheduled\t3\n"
    assert service.calls("POST /v1/jobs$")[0]["send_at"] == "2026-12-01T09:00:00.000Z"


def test_fifty_thousand_people_go_in_calls_of_five_thousand(
    run: Run, service: FakeService, template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "all.csv"
    path.write_text("ref,email\n" + "".join(f"{n},p{n}@example.org\n" for n in range(50_000)))
    result = run("send", path, "--template", template, "--yes", "--no-watch")
    assert result.exit_code == 0
    assert [len(body.splitlines()) for body in service.calls("recipients")] == [5_000] * 10
    assert len(service.jobs.all[JOB].people) == 50_000
