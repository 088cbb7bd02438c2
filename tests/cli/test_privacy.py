"""`offload privacy` exports all pages as one document, and erases only what was counted and asked."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.doubles.fake_service import FakeService


@pytest.fixture
def zoe(service: FakeService) -> None:
    """In three jobs."""
    service.privacy.kept["4711"] = [{"job": f"job_{number}", "name": "Zoë"} for number in range(3)]


@pytest.mark.usefixtures("zoe")
def test_an_export_is_one_document_of_all_pages(run: Run) -> None:
    found = json.loads(run("privacy", "export", "--ref", "4711").stdout)
    assert [row["job"] for row in found["recipients"]] == ["job_0", "job_1", "job_2"]
    assert found["suppressions"] == []
    assert "next" not in found


@pytest.mark.usefixtures("zoe")
def test_an_export_goes_into_a_new_file(run: Run, service: FakeService) -> None:
    assert run("privacy", "export", "--ref", "4711", "-o", "zoe.json").exit_code == 0
    assert json.loads(Path("zoe.json").read_text("utf-8"))["recipients"][0]["name"] == "Zoë"
    refused = run("privacy", "export", "--ref", "4711", "-o", "zoe.json")
    assert refused.exit_code == 2
    assert "zoe.json is there already" in refused.stderr
    service.fail("export", 500, times=5)
    assert run("privacy", "export", "--ref", "4711", "-o", "other.json").exit_code == 4
    assert not Path("other.json").exists()


@pytest.mark.usefixtures("zoe")
def test_an_erasure_is_counted_and_asked_first(run: Run, service: FakeService) -> None:
    declined = run("privacy", "erase", "--ref", "4711", input="n\n")
    assert declined.exit_code == 130
    assert "recipients\t3" in declined.stdout
    assert len(service.privacy.kept["4711"]) == 3
    done = run("privacy", "erase", "--ref", "4711", input="y\n")
    assert (done.exit_code, service.privacy.kept["4711"]) == (0, [])
    assert "Erased" in done.stderr


@pytest.mark.usefixtures("zoe")
def test_for_scripts_it_answers_in_json_and_a_dry_run_changes_nothing(run: Run, service: FakeService) -> None:
    counted = run("privacy", "erase", "--ref", "4711", "--dry-run", "--json")
    assert json.loads(counted.stdout) == {"dry_run": True, "counts": {"recipients": 3, "sending": 0}}
    assert len(service.privacy.kept["4711"]) == 3
    done = run("privacy", "erase", "--ref", "4711", "--yes", "--json")
    assert json.loads(done.stdout) == {"dry_run": False, "counts": {"recipients": 3, "sending": 0}}


@pytest.mark.usefixtures("zoe")
def test_an_erasure_whose_answer_was_lost_is_asked_again(run: Run, service: FakeService) -> None:
    service.fail("POST /v1/privacy/erase", None, times=2, before=False)
    assert run("privacy", "erase", "--ref", "4711", "--yes").exit_code == 0
    assert service.privacy.kept["4711"] == []


def test_whoever_is_being_mailed_is_told_and_nobody_has_to_be_guessed(run: Run, service: FakeService) -> None:
    service.privacy.in_flight = True
    refused = run("privacy", "erase", "--ref", "4711", "--email", "zoe@example.org", "--yes")
    assert refused.exit_code == 3
    assert "Ask again in a few minutes" in refused.stderr
    assert service.calls("erase")[-1] == {"ref": "4711", "email": "zoe@example.org"}
    assert run("privacy", "erase", "--yes").exit_code == 2
    assert run("privacy", "export").exit_code == 2


def test_times_of_a_site_are_set_and_taken_away(run: Run, service: FakeService) -> None:
    site = json.loads(run("sites", "add", "Campus", "--keep-people-days", "30", "--json").stdout)
    assert service.calls("POST /v1/sites")[-1] == {"name": "Campus", "keep_people_days": 30}
    run("sites", "set", site["id"], "--keep-people-days", "0", "--keep-certificate-years", "10")
    assert service.calls("PATCH")[-1] == {"keep_people_days": None, "keep_certificate_years": 10}
