"""`offload sites` changes only what is given, and shows secrets once."""

import json

import pytest

from tests.cli.conftest import Run
from tests.doubles.fake_service import TOKEN, FakeService

SITE = f"site_{1:032x}"


@pytest.fixture
def site(run: Run) -> str:
    assert run("sites", "add", "Moodle").exit_code == 0
    return SITE


def test_a_new_site_shows_its_secrets_this_once(run: Run, service: FakeService) -> None:
    result = run(
        *("sites", "add", "Moodle of Łódź", "--provider", "ses", "--rate", "14", "--from", "Kursy <k@x.org>"),
        *("--callback-url", "https://moodle.example/hook", "--callback-success", "2xx"),
    )
    assert result.exit_code == 0
    (body,) = service.calls("POST /v1/sites$")
    assert body == {
        "name": "Moodle of Łódź",
        "provider": "ses",
        "send_rate": 14,
        "from": {"email": "k@x.org", "name": "Kursy"},
        "callback_url": "https://moodle.example/hook",
        "callback_success": "2xx",
    }
    assert f"token\tcot_{'n' * 43}" in result.stdout
    assert "callback_secret\twhsec_bmV3" in result.stdout
    assert "not shown again" in result.stderr
    assert "cot_" not in run("sites", "show", SITE).stdout


def test_sites_are_listed_page_after_page(run: Run, service: FakeService) -> None:
    for number in range(5):
        run("sites", "add", f"Site {number}")
    service.sites.all[SITE]["disabled_at"] = "2026-11-24T15:00:00.000Z"
    lines = run("sites", "list").stdout.splitlines()
    assert lines[0] == f"{SITE}\tsandbox\tdisabled\tSite 0"
    assert len(lines) == len(json.loads(run("sites", "list", "--json").stdout)["sites"]) == 5


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_ids_are_whole(run: Run, site: str) -> None:
    run("sites", "add-token", site, "--name", "Moodle", "--company", "acme")
    assert site in run("sites", "list").stdout
    assert f"tok_{1:032x}" in run("sites", "tokens", site).stdout


def test_only_what_is_given_is_changed(run: Run, service: FakeService, site: str) -> None:
    assert run("sites", "set", site, "--rate", "5").exit_code == 0
    assert service.calls("PATCH") == [{"send_rate": 5}]
    assert run("sites", "set", site).exit_code == 2


def test_senders_are_listed_with_commas_and_taken_away_by_none(run: Run, service: FakeService, site: str) -> None:
    run("sites", "set", site, "--senders", "school.example, *.school.example,office@a.example")
    assert "senders\tschool.example, *.school.example, office@a.example" in run("sites", "show", site).stdout
    run("sites", "set", site, "--senders", "")
    listed = ["school.example", "*.school.example", "office@a.example"]
    assert service.calls("PATCH") == [{"senders": listed}, {"senders": []}]


def test_a_site_is_disabled_only_after_a_yes(run: Run, service: FakeService, site: str) -> None:
    result = run("sites", "disable", site, input="n\n")
    assert result.exit_code == 130
    assert "Disable 'Moodle'?" in result.stderr
    assert service.sites.all[site]["disabled_at"] is None
    assert run("sites", "disable", site, "--yes").exit_code == 0
    assert service.sites.all[site]["disabled_at"]
    assert run("sites", "enable", site).exit_code == 0
    assert service.sites.all[site]["disabled_at"] is None


def test_a_token_may_only_look(run: Run, service: FakeService, site: str) -> None:
    run("sites", "add-token", site, "--name", "Auditor", "--read-only")
    assert service.calls("POST .*/tokens$") == [{"name": "Auditor", "read_only": True}]


def test_tokens_are_made_rotated_and_revoked(run: Run, service: FakeService, site: str) -> None:
    made = json.loads(run("sites", "add-token", site, "--name", "Moodle", "--company", "acme", "--json").stdout)
    assert service.calls("POST .*/tokens$") == [{"name": "Moodle", "company": "acme"}]
    assert made["token"].startswith("cot_")
    rotated = run("sites", "rotate-token", site, made["id"])
    assert "not shown again" in rotated.stderr
    listed = [line.split("\t") for line in run("sites", "tokens", site).stdout.splitlines()]
    assert [(line[0], line[2] != "-") for line in listed] == [(f"tok_{1:032x}", True), (f"tok_{2:032x}", False)]
    assert run("sites", "revoke-token", site, made["id"], input="n\n").exit_code == 130
    assert made["id"] in service.sites.tokens
    assert run("sites", "revoke-token", site, made["id"], "--yes").exit_code == 0
    assert made["id"] not in service.sites.tokens


def test_the_callback_secret_can_be_replaced(run: Run, site: str) -> None:
    assert "callback_secret\twhsec_cm90YXRlZA==" in run("sites", "rotate-secret", site).stdout
    again = run("sites", "rotate-secret", site)
    assert (again.exit_code, again.stdout) == (3, "")
    assert "signs until" in again.stderr


def test_a_secret_whose_answer_is_lost_is_not_made_twice(run: Run, service: FakeService) -> None:
    service.fail("POST /v1/sites", None, before=False)
    assert run("sites", "add", "Moodle").exit_code == 4
    assert len(service.sites.all) == 1


def test_a_sites_token_is_not_the_operators(run: Run) -> None:
    assert run("sites", "list", "--token", TOKEN).exit_code == 3


def test_an_id_that_is_none_never_reaches_the_service(run: Run, service: FakeService) -> None:
    for arguments in (
        ("status", "../sites"),
        ("watch", "job_1"),
        ("sites", "show", "site_1/../.."),
        ("sites", "revoke-token", SITE, "x", "--yes"),
    ):
        assert run(*arguments).exit_code == 2
    assert not service.requests
