"""Watching: it shows, it waits, it never changes anything."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import show, watch
from tests.cli.conftest import Run
from tests.doubles.fake_service import TOKEN, FakeService

# a shell's background job ignores SIGINT and hands that on to what it starts, and so would the tests of `make test &`
_HEARS_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
STATES = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")


def test_plain_lines_tell_each_change_and_how_it_ended(run: Run, service: FakeService) -> None:
    job = service.job(people=5, state="queued")
    result = run("watch", job.id)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("queued 0% total=5 pending=5 sending=0 sent=0")
    assert lines[1].startswith("running 0% total=5 pending=5")
    assert lines[2].startswith("completed 100% total=5 pending=0 sending=0 sent=5")
    assert not [path for method, path, _ in service.requests if method != "GET"]


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_a_bar_with_rate_and_time_left(run: Run, service: FakeService) -> None:
    service.jobs.people_a_step = 100
    job = service.job(people=300, state="queued", name="Reminder [bold]x[/bold]")
    result = run("watch", job.id)
    assert result.exit_code == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", result.stdout)
    assert "Reminder [bold]x[/bold]" in shown
    assert "33 % of 300 · 12.5/s · limit 14/s · about 15 s left" in shown
    assert "█\u00a0sent\u00a0100" in shown
    assert "100 % of 300 · 12.5/s · took 55 s" in shown


@pytest.mark.parametrize(("state", "code"), [("paused", 1), ("cancelled", 1), ("completed", 0)])
def test_a_job_that_no_longer_moves_ends_the_watch(run: Run, service: FakeService, state: str, code: int) -> None:
    job = service.job(people=0, state=state)
    job.reason = "credentials_rejected" if state == "paused" else None
    result = run("watch", job.id)
    assert result.exit_code == code
    if state == "paused":
        assert "state\tpaused\tcredentials_rejected" in result.stdout


@pytest.mark.parametrize("address", ["gone@mail.invalid", "slow@example.org"])
def test_people_who_failed_or_are_uncertain_are_told_by_the_exit_code(
    run: Run, service: FakeService, address: str
) -> None:
    job = service.job(people=3)
    job.people["2"]["email"] = address
    assert run("watch", job.id).exit_code == 1


def test_people_who_were_suppressed_are_no_failure(run: Run, service: FakeService) -> None:
    job = service.job(people=3, state="completed")
    for person, state in zip(job.people.values(), ("sent", "suppressed", "sent"), strict=True):
        person["state"] = state
    assert run("watch", job.id).exit_code == 0


def test_a_draft_is_not_waited_for(run: Run, service: FakeService) -> None:
    result = run("watch", service.job(state="draft").id)
    assert result.exit_code == 2
    assert "is a draft" in result.stderr


def test_a_service_that_is_away_for_a_while_does_not_end_the_watch(
    run: Run, service: FakeService, sleeps: list[float]
) -> None:
    job = service.job(people=5)

    def go_away(call: str) -> None:
        if call.startswith("GET") and len(service.requests) == 1:
            service.fail(job.id, 503, times=11)

    service.on_request = go_away
    result = run("watch", job.id)
    assert result.exit_code == 0
    assert "the job goes on by itself, looking again" in result.stderr
    assert sleeps.count(watch.PAUSE_SECONDS) == 2


def test_a_service_that_stays_away_ends_it_as_unreachable(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 2)
    service.jobs.people_a_step = 1
    job = service.job(people=5)

    def go_away(_: str) -> None:
        if len(service.requests) == 1:
            service.fail(job.id, 503, times=100)

    service.on_request = go_away
    result = run("watch", job.id)
    assert result.exit_code == 4
    assert job.state == "running"


def test_an_interrupt_leaves_the_job_running_and_says_how_to_come_back(service: FakeService, tmp_path: Path) -> None:
    service.jobs.people_a_step = 0
    job = service.job(people=5)
    environment = {"OFFLOAD_URL": service.url, "OFFLOAD_TOKEN": TOKEN, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_HEARS_SIGINT}; from cli.main import app; app()", "watch", job.id],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until(lambda: len(service.requests) >= 2)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=300)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert f"offload watch {job.id}" in told
    assert "Traceback" not in told
    assert job.state == "running"
    assert {method for method, *_ in service.requests} == {"GET"}


def _wait_until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_state_that_anybody_is_in_is_seen_in_the_bar() -> None:
    counts = dict.fromkeys(STATES, 1) | {"sent": 50_000}
    bar = show.bar(counts, 60).plain
    assert len(bar) == 60
    assert {state.glyph for state in show.PEOPLE} == set(bar)
    assert len({state.glyph for state in show.PEOPLE}) == len(STATES)


@pytest.mark.parametrize(
    ("values", "cells"),
    [([0, 0], [0, 0]), ([1, 1], [5, 5]), ([999, 1], [9, 1]), ([1, 0, 999], [1, 0, 9]), ([1, 2, 3], [1, 3, 6])],
)
def test_cells_are_shared_out_and_add_up(values: list[int], cells: list[int]) -> None:
    assert show.cells_of(values, 10) == cells


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (128, "2 min 8 s"), (3_600, "1 h"), (7_500, "2 h 5 min"), (100_000, "1 d 3 h")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert show.duration(seconds) == words
