"""`offload certificates` issues nothing twice, and refuses what is no design before it asks the service."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.certificates import MAIL
from tests.cli.conftest import Run
from tests.doubles.fake_service import FakeService

WORDS = ("--title", "Biology", "--issuer", "School")


def created(service: FakeService) -> Any:
    (job,) = service.calls("POST /v1/jobs$")
    return job


def test_a_csv_and_a_design_of_the_services_own_become_a_job(run: Run, service: FakeService, people: Path) -> None:
    result = run("certificates", people, "--template", "classic", *WORDS, "--yes")
    assert result.exit_code == 0, result.output
    assert created(service) == {
        "kind": "certificate",
        "name": "Biology",
        "message": {
            "subject": "{{ title }}",
            "html": MAIL.read_text("utf-8"),
            "variables": {"title": "Biology", "issuer": "School"},
        },
        "certificate": {
            "design": "classic",
            "award": "Biology",
            "title": "Biology",
            "issuer": "School",
            "holder": "full",
        },
    }
    assert "state\tcompleted" in result.stdout


def test_every_option_reaches_the_service(
    run: Run, service: FakeService, people: Path, template: Path, tmp_path: Path
) -> None:
    (tmp_path / "diploma.json").write_text('{"version": 1}')
    result = run(
        *("certificates", people, "--template", "diploma.json", *WORDS, "--yes", "--no-watch"),
        *("--award", "course-7", "--expires", "2028-01-01T00:00Z", "--locale", "de", "--holder", "initials"),
        *("--link-days", "30", "--mail", template, "--from", "a@x.org", "--var", "room=7", "--name", "Diplomas"),
        *("--company", "acme", "--at", "2026-12-01T09:00+01:00", "--attach"),
    )
    assert result.exit_code == 0, result.output
    job = created(service)
    assert (job["name"], job["company"], job["send_at"]) == ("Diplomas", "acme", "2026-12-01T08:00:00.000Z")
    assert job["message"]["html"] == template.read_text()
    assert job["message"]["variables"] == {"title": "Biology", "issuer": "School", "room": "7"}
    assert job["certificate"] == {
        "design": {"version": 1},
        "award": "course-7",
        "title": "Biology",
        "issuer": "School",
        "expires_at": "2028-01-01T00:00:00.000Z",
        "locale": "de",
        "link_days": 30,
        "holder": "initials",
        "delivery": "attachment",
    }


def test_the_same_command_issues_nothing_twice(run: Run, service: FakeService, people: Path) -> None:
    for _ in range(2):
        assert run("certificates", people, "--template", "classic", *WORDS, "--yes").exit_code == 0
    assert len(service.calls("POST .*/start")) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [('{"version": 1,}', "line 1"), ("[]", "must be a JSON object"), (None, "cannot be read")],
)
def test_a_file_that_is_no_design_is_told(
    run: Run, service: FakeService, people: Path, tmp_path: Path, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "diploma.json").write_text(content)
    result = run("certificates", people, "--template", "diploma.json", *WORDS, "--yes")
    assert result.exit_code == 2
    assert told in result.output
    assert json.dumps(service.calls("POST /v1/jobs$")) == "[]"
