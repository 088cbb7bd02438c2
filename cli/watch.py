"""Watching a job until it ends.

The promises: watching never changes a job, so it can be left and taken up again; a service that cannot be reached for
some minutes does not end it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep

import typer
from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import show
from cli.api import Api, Json
from cli.errors import INCOMPLETE, INTERRUPTED, SUCCESS, Unreachable

MOVING = ("scheduled", "queued", "running")
LINE_SECONDS = 5  # between two plain lines, where the state stays the same
PATIENCE, PAUSE_SECONDS = 30, 10  # how often, and after how long, an unreachable service is tried again


def watch(api: Api, job: Json) -> int:
    """Shows the job until it no longer moves; the exit code that tells how it ended."""
    try:
        job = _follow(api, job)
        report(job, reasons_of(api, job))
    except KeyboardInterrupt:
        show.note(f"\nNo longer watching; the job goes on.\n  to come back: offload watch {job['id']}")
        show.note(f"  to hold it: offload pause {job['id']}")
        raise typer.Exit(INTERRUPTED) from None
    return outcome(job)


def outcome(job: Json) -> int:
    """Incomplete where anybody was left without the mail, or may have been, for another reason than their own wish."""
    counts = job["counts"]
    left = counts["failed"] or counts["uncertain"] or counts["cancelled"]
    return INCOMPLETE if left or job["state"] != "completed" else SUCCESS


def reasons_of(api: Api, job: Json) -> list[Json]:
    if not job["counts"]["failed"] and not job["counts"]["uncertain"]:
        return []
    found: list[Json] = api.get(f"/v1/jobs/{job['id']}/reasons")["reasons"]
    return found


def report(job: Json, reasons: list[Json]) -> None:
    """All there is to say about a job, and what can be done next."""
    if not show.out.is_terminal:
        _plain_report(job, reasons)
        return
    show.out.print(Text.assemble("\n", (show.clean(job["name"]) or job["id"], "bold")))
    show.out.print(Padding(Group(_facts(job), Text(), show.progress(job, show.out.width - 4)), (0, 2)))
    if reasons:
        table = show.table("people", "state", "reason", numbers=["people"])
        for group in reasons:
            table.add_row(f"{group['count']:,}", group["state"], show.clean(group["reason"]))
        show.out.print(Padding(table, (0, 2)))
    for hint in _hints(job):
        show.note(f"  {hint}", "dim")


def _facts(job: Json) -> Table:
    return show.facts(
        [
            ("job", job["id"]),
            ("state", show.job_state(job)),
            ("", job["detail"]),
            ("company", job["company"]),
            ("created", show.moment(job["created_at"])),
            ("to start", show.moment(job["send_at"]) if not job["started_at"] else ""),
            ("started", show.moment(job["started_at"])),
            ("ended", show.moment(job["ended_at"])),
        ]
    )


def _plain_report(job: Json, reasons: list[Json]) -> None:
    show.line("job", job["id"])
    show.line("name", job["name"])
    show.line("state", job["state"], *(filter(None, (job["reason"], job["detail"]))))
    for name in ("company", "created_at", "send_at", "started_at", "ended_at"):
        if job[name]:
            show.line(name, job[name])
    for name, number in job["counts"].items():
        show.line(name, str(number))
    for group in reasons:
        show.line("reason", group["state"], group["reason"], str(group["count"]))


def _hints(job: Json) -> Iterator[str]:
    counts, id = job["counts"], job["id"]
    if job["state"] == "paused":
        yield f"to go on: offload resume {id}"
    if counts["failed"] or counts["uncertain"]:
        yield f"who and why: offload failures {id}"
    if job["state"] in ("completed", "paused", "running") and counts["failed"]:
        yield f"to try them again: offload retry {id}"
    if counts["uncertain"]:
        yield "uncertain: nobody knows whether that mail left; it is never sent again unasked"


def _follow(api: Api, job: Json) -> Json:
    started = time.monotonic()
    with _view() as view:
        while True:
            view(job)
            if job["state"] not in MOVING:
                return job
            sleep(min(5, 1 + (time.monotonic() - started) / 60))
            job = _look(api, job["id"])


def _look(api: Api, job_id: str) -> Json:
    path = f"/v1/jobs/{job_id}"
    for _ in range(PATIENCE):
        try:
            return api.get(path)
        except Unreachable as error:
            show.note(f"{error.message}; the job goes on by itself, looking again", "yellow")
            sleep(PAUSE_SECONDS)
    return api.get(path)


@contextmanager
def _view() -> Iterator[Callable[[Json], None]]:
    if not show.out.is_terminal:
        yield _Lines().show
        return
    with Live(console=show.out, auto_refresh=False, transient=True) as live:
        yield lambda job: live.update(
            Padding(Group(_title(job), show.progress(job, show.out.width - 4)), 2), refresh=True
        )


def _title(job: Json) -> Text:
    return Text.assemble(
        (show.clean(job["name"]) or job["id"], "bold"), "  ", show.job_state(job), no_wrap=True, overflow="ellipsis"
    )


class _Lines:
    """A line when the state changes, when some seconds went by, and at the end."""

    def __init__(self) -> None:
        self._state = ""
        self._at = 0.0

    def show(self, job: Json) -> None:
        now = time.monotonic()
        if job["state"] == self._state and now - self._at < LINE_SECONDS:
            return
        self._state, self._at = job["state"], now
        numbers = " ".join(f"{name}={number}" for name, number in job["counts"].items())
        print(f"{job['state']} {show.share_done(job)}% {numbers} rate={job['measured_rate'] or 0}/s", flush=True)
