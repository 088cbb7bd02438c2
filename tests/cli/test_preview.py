"""`offload preview` shows one person's mail, and lets nothing of it work in the terminal."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.doubles.fake_service import FakeService


def test_a_person_of_the_file_is_shown_their_mail(run: Run, service: FakeService, template: Path, people: Path) -> None:
    template.write_text("<title>{{ course }} for {{ name }}</title>")
    result = run("preview", "--template", template, "--person", f"{people}:3", "--from", "K <k@x.org>")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Subject: Music for Bob",
        "From: K <k@x.org>",
        "To: Bob <b@example.org>",
        "X-A: b",
        "",
        "from the HTML",
    ]
    (body,) = service.calls("POST /v1/preview")
    assert body["recipient"] == {
        "ref": "2",
        "email": "b@example.org",
        "name": "Bob",
        "variables": {"course": "Music"},
    }


def test_without_a_person_there_is_a_made_up_one_and_variables(run: Run, template: Path) -> None:
    template.write_text("<title>{{ term }} for {{ name }}</title>")
    assert "Subject: autumn for Some Body" in run("preview", "--template", template, "--var", "term=autumn").stdout


def test_the_html_can_be_written_down_or_out(run: Run, template: Path) -> None:
    assert run("preview", "--template", template, "--html", "out.html").exit_code == 0
    html = template.read_text().replace("{{ name }}", "Some Body")
    assert Path("out.html").read_text() == html
    assert run("preview", "--template", template, "--html", "-").stdout == html + "\n"
    assert run("preview", "--template", template, "--html", "missing/out.html").exit_code == 2


@pytest.mark.usefixtures("terminal")
def test_a_mail_reaches_the_terminal_without_control_characters(run: Run, template: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("one\n\x1b]0;owned\x07[bold]two")
    shown = run("preview", "--template", template, "--text", "text.txt").stdout
    assert "[bold]two" in shown
    assert "\x1b]0" not in shown


@pytest.mark.parametrize("place", ["people.csv", "people.csv:x", "people.csv:1", "people.csv:9", "missing.csv:2"])
def test_a_person_that_is_not_there_is_bad_input(
    run: Run, service: FakeService, template: Path, people: Path, place: str
) -> None:
    assert people.name == "people.csv"
    result = run("preview", "--template", template, "--person", place)
    assert result.exit_code == 2
    assert "people.csv" in result.stderr or "missing.csv" in result.stderr
    assert not service.requests
