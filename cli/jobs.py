"""Commands for jobs that exist: look at them, watch, try again, hold, end.

The promise: what cannot be undone, or may mail somebody twice, is counted and asked first.
"""

from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from cli import options, show
from cli import watch as watching
from cli.api import Api, Json
from cli.errors import BadInput

JOBS_SHOWN = 20
ID_WIDTH = 36  # an id is never folded


def status(
    job: options.MaybeJob = None,
    state: Annotated[str | None, typer.Option(help="Of all: only jobs in this state.")] = None,
    company: Annotated[str | None, typer.Option(help="Of all: only jobs of this company.")] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Show recent jobs, or one job with its reasons of failure."""
    with options.connect(url, token) as api:
        if job is None:
            _list(api, state, company, as_json)
            return
        found = api.get(f"/v1/jobs/{job}")
        reasons = watching.reasons_of(api, found)
    if as_json:
        show.pretty({**found, "reasons": reasons})
    else:
        watching.report(found, reasons)


def watch(job: options.Job, url: options.Url = None, token: options.Token = None) -> None:
    """Watch a job until it ends or pauses.

    Leave with Ctrl-C: the job goes on.
    """
    with options.connect(url, token) as api:
        found = api.get(f"/v1/jobs/{job}")
        if found["state"] == "draft":
            raise BadInput(f"{job} is a draft: it was not started", hint="Give the `offload send` that made it again.")
        raise typer.Exit(watching.watch(api, found))


def retry(
    job: options.Job,
    state: Annotated[options.Unsent, typer.Option(help="Whom to try again.")] = "failed",
    reason: options.Reason = None,
    refs: Annotated[list[str] | None, typer.Option("--ref", help="Only this person; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Mail those again who failed.

    Or those of whom it is uncertain, with --state. They are counted first; then you are asked.
    """
    chosen = {"state": state, "reason": reason, "refs": refs or None}
    wanted = {name: value for name, value in chosen.items() if value is not None}
    path = f"/v1/jobs/{job}/retry"
    with options.connect(url, token) as api:
        answer = api.post(path, {"filter": wanted, "dry_run": True}, repeatable=True)
        people = f"{show.people(answer['count'])} {state}{f' ({reason})' if reason else ''}"
        if answer["count"] and not dry_run:
            doubt = " Some may have the mail already, and would get it twice." if state == "uncertain" else ""
            options.confirm(f"Try again: {people}.{doubt} Send?", yes)
            # not repeated when its answer is lost: by then people may be uncertain anew
            answer = api.post(path, {"filter": wanted, "dry_run": False})
    if as_json:
        show.pretty(answer)
        return
    done = "would be tried again" if answer["dry_run"] else "will be tried again"
    show.out.print(f"{people}: {done}" if answer["count"] else f"{people}: nothing to do", markup=False)
    if answer["count"] and not answer["dry_run"]:
        show.note(f"To watch it: offload watch {job}", "dim")


def pause(job: options.Job, url: options.Url = None, token: options.Token = None) -> None:
    """Hold a job; mails in flight are finished."""
    with options.connect(url, token) as api:
        _say(api.post(f"/v1/jobs/{job}/pause", repeatable=True))


def resume(job: options.Job, url: options.Url = None, token: options.Token = None) -> None:
    """Let a paused job go on."""
    with options.connect(url, token) as api:
        _say(api.post(f"/v1/jobs/{job}/resume", repeatable=True))


def cancel(job: options.Job, yes: options.Yes = False, url: options.Url = None, token: options.Token = None) -> None:
    """End a job for good, with whoever is not mailed yet."""
    with options.connect(url, token) as api:
        waiting = api.get(f"/v1/jobs/{job}")["counts"]["pending"]
        options.confirm(f"Cancel {job}? {show.people(waiting)} will not be mailed.", yes)
        _say(api.post(f"/v1/jobs/{job}/cancel", repeatable=True))


def _list(api: Api, state: str | None, company: str | None, as_json: bool) -> None:
    jobs = api.get("/v1/jobs", state=state, company=company, limit=JOBS_SHOWN)["jobs"]
    if as_json:
        show.pretty({"jobs": jobs})
    elif not show.out.is_terminal:
        for job in jobs:
            counts = job["counts"]
            numbers = (str(counts[name]) for name in ("total", "sent", "failed", "uncertain"))
            show.line(job["id"], job["state"], *numbers, job["created_at"], job["name"])
    elif not jobs:
        show.out.print("There are no jobs.")
    else:
        show.out.print(_table(jobs))


def _table(jobs: list[Json]) -> Padding:
    numbers = ("people", "sent", "failed")
    table = show.table("job", "state, created", *numbers, numbers=numbers)
    table.columns[0].min_width = ID_WIDTH
    for job in jobs:
        counts = job["counts"]
        lost = counts["failed"] + counts["uncertain"]
        table.add_row(
            Text.assemble((show.clean(job["name"])[:100] or "(no name)", "bold"), "\n", (job["id"], "dim")),
            show.job_state({**job, "reason": None}).append(f"\n{show.brief(job['created_at'])}", "dim"),
            f"{counts['total']:,}",
            f"{counts['sent']:,}",
            Text(f"{lost:,}", "red" if lost else ""),
        )
    return Padding(table, (0, 1))


def _say(job: Json) -> None:
    if show.out.is_terminal:
        show.out.print(Text.assemble(f"{job['id']}: ", show.job_state(job)))
    else:
        show.line(job["id"], job["state"])
