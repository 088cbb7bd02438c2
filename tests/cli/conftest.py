"""The command, run in this process against the fake service; nothing waits."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import show
from cli.main import app
from tests.doubles.fake_service import OPERATOR, TOKEN, FakeService

Run = Callable[..., Result]

MOST_SLEEPS = 200


@pytest.fixture
def service() -> Iterator[FakeService]:
    fake = FakeService()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No configuration, proxy or terminal of this machine, in a directory of its own."""
    for name in ("OFFLOAD_URL", "OFFLOAD_TOKEN", "OFFLOAD_OPERATOR_TOKEN", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were asked for; none is waited, and what would never end does."""
    asked: list[float] = []

    def sleep(seconds: float) -> None:
        asked.append(seconds)
        assert len(asked) < MOST_SLEEPS, "this waits for ever"

    monkeypatch.setattr("cli.api.sleep", sleep)
    monkeypatch.setattr("cli.watch.sleep", sleep)
    return asked


@pytest.fixture
def run(service: FakeService, sleeps: list[float]) -> Run:
    """Runs `offload` with these arguments against the service; the answer to what it asks is `input`."""
    assert not sleeps
    environment = {
        "OFFLOAD_URL": service.url,
        "OFFLOAD_TOKEN": TOKEN,
        "OFFLOAD_OPERATOR_TOKEN": OPERATOR,
    }

    def run_(*arguments: object, input: str | None = None, env: dict[str, Any] | None = None) -> Result:
        result = CliRunner().invoke(
            app, [str(each) for each in arguments], input=input, env={**environment, **(env or {})}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run_


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output goes to a terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for console in (show.out, show.err):
        monkeypatch.setattr(console, "_force_terminal", True)
        monkeypatch.setattr(console, "_width", 80)
        monkeypatch.setattr(console, "_height", 40)
        monkeypatch.setattr(console, "is_interactive", True)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "reminder.html"
    path.write_text("<html><head><title>Your course, {{ name }}</title></head><body>Hello {{ name }}</body></html>")
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(
        "ref,email,name,course\n1,a@example.org,Ann,Maths\n2,b@example.org,Bob,Music\n3,c@example.org,Cy,Art\n"
    )
    return path
