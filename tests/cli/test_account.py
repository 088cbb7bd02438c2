"""`offload me` and `config` tell what is in force without the secrets, and keep them from everybody else."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import config
from tests.cli.conftest import Run
from tests.doubles.fake_service import OPERATOR, TOKEN, FakeService

NOTHING = {"OFFLOAD_URL": None, "OFFLOAD_TOKEN": None, "OFFLOAD_OPERATOR_TOKEN": None}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "config" / "offload" / "config.toml"


def test_me_says_who_and_that_all_is_well(run: Run, service: FakeService) -> None:
    result = run("me")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert f"service\t{service.url}" in lines
    assert f"site\tExample Moodle site_{1:032x}" in lines
    assert "provider sandbox\tok\taccepts our credentials" in lines
    assert json.loads(run("me", "--json").stdout) == service.sites.me


@pytest.mark.parametrize("json_too", [[], ["--json"]])
@pytest.mark.parametrize("part", ["provider", "callback"])
def test_a_check_that_failed_is_told_and_ends_with_1(
    run: Run, service: FakeService, part: str, json_too: list[str]
) -> None:
    check = service.sites.me["provider"] if part == "provider" else service.sites.me["checks"][part]
    check.update(ok=False, detail="the key is not known")
    result = run("me", *json_too)
    assert result.exit_code == 1
    assert "the key is not known" in result.stdout


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_a_failed_check_is_told_in_words_too(run: Run, service: FakeService) -> None:
    service.sites.me["checks"]["queue"].update(ok=False, detail="does not answer")
    assert "✖ failed: does not answer" in run("me").stdout


def test_without_an_address_or_a_token_it_says_how_to_give_one(run: Run, service: FakeService) -> None:
    result = run("me", env=NOTHING)
    assert result.exit_code == 2
    assert "no url is set" in result.stderr
    assert "OFFLOAD_URL" in result.stderr
    result = run("sites", "list", "--url", service.url, env=NOTHING)
    assert result.exit_code == 2
    assert "no operator token is set" in result.stderr
    assert "OFFLOAD_OPERATOR_TOKEN" in result.stderr


def test_what_is_kept_is_used(run: Run, service: FakeService, kept: Path) -> None:
    command = ("config", "--url", service.url + "/", "--token", TOKEN, "--operator-token", OPERATOR)
    assert run(*command, env=NOTHING).exit_code == 0
    assert kept.read_text() == f'url = "{service.url}"\ntoken = "{TOKEN}"\noperator_token = "{OPERATOR}"\n'
    assert run("me", env=NOTHING).exit_code == 0
    assert run("sites", "list", env=NOTHING).exit_code == 0


def test_only_its_owner_can_read_the_file_also_where_it_was_open_before(run: Run, kept: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text('url = "https://old.example"\n')
    kept.chmod(0o644)
    assert "chmod 600" in run("me").stderr
    run("config", "--token", "cot_new", env=NOTHING)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert config.load() == {"url": "https://old.example", "token": "cot_new"}
    assert list(kept.parent.iterdir()) == [kept]
    assert "chmod" not in run("me").stderr


def test_a_new_directory_is_the_owners_alone(run: Run, kept: Path) -> None:
    run("config", "--token", "cot_new", env=NOTHING)
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_a_token_can_be_read_from_the_input_and_stays_out_of_the_history(run: Run, kept: Path) -> None:
    assert run("config", "--token", "-", input="cot_secret\n", env=NOTHING).exit_code == 0
    assert 'token = "cot_secret"' in kept.read_text()
    assert run("config", "--token", "-", input="", env=NOTHING).exit_code == 2


def test_a_flag_comes_before_the_environment_and_that_before_the_file(run: Run, service: FakeService) -> None:
    run("config", "--url", "http://127.0.0.1:9", "--token", "cot_wrong", env=NOTHING)
    assert run("me").exit_code == 0
    assert run("me", "--token", "cot_flag").exit_code == 3
    assert run("me", "--url", service.url, "--token", TOKEN, env=NOTHING).exit_code == 0


def test_what_is_in_force_is_shown_without_the_secrets(run: Run, service: FakeService, kept: Path) -> None:
    run("config", "--token", TOKEN, env=NOTHING)
    result = run("config", env={"OFFLOAD_TOKEN": None, "OFFLOAD_OPERATOR_TOKEN": None})
    assert result.stdout.splitlines() == [
        f"url\t{service.url}\tfrom OFFLOAD_URL",
        f"token\tcot_ssss…\tfrom {kept}",
        "operator_token\t-\t-",
    ]


@pytest.mark.parametrize("content", ["url = ", 'adress = "x"', "url = 1", "[url]\na=1"])
def test_a_file_that_cannot_be_meant_is_told(run: Run, kept: Path, content: str) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text(content)
    kept.chmod(0o600)
    result = run("me", env=NOTHING)
    assert result.exit_code == 2
    assert str(kept) in result.stderr


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org", "https://", "https://x.org?a=1", "http://x:port", "https://[x"]
)
def test_an_address_that_is_none_is_refused_before_it_is_kept(run: Run, kept: Path, url: str) -> None:
    assert run("config", "--url", url, env=NOTHING).exit_code == 2
    assert run("me", "--url", url).exit_code == 2
    assert not kept.exists()


def test_a_relative_config_home_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.file() == tmp_path / ".config" / "offload" / "config.toml"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), min_size=1))
def test_any_token_is_read_as_it_was_written(token: str) -> None:
    config.save({"token": token})
    assert config.load() == {"token": token}
