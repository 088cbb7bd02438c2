"""`offload send`: a CSV and a template become a job.

The promise: the same command given again, after a crash or by mistake, never mails anybody twice. The job's
Idempotency-Key is made of all that was given; people are unique by ref within the job; a job that has started is only
watched.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli import options, show
from cli.api import Api, Json
from cli.errors import BadInput, Refused, Unreachable
from cli.message import compose, instant
from cli.people import Checked, PeopleFile
from cli.watch import watch

LONGEST_NAME = 200  # that the service takes
CONFLICT = 409


def send(
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE.CSV", help="Columns ref, email, name; others are variables.")
    ],
    template: options.Template,
    subject: options.Subject = None,
    text: options.TextPart = None,
    sender: options.From = None,
    reply_to: options.ReplyTo = None,
    variables: options.Variables = None,
    name: Annotated[str | None, typer.Option(help="Name of the job in lists; without, the subject.")] = None,
    company: Annotated[str | None, typer.Option(help="Company (IOMAD) that the job belongs to.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Start then: 2026-12-01T09:00, local time.")] = None,
    rate: Annotated[float | None, typer.Option(help="Mails a second at most; without, what the site may.")] = None,
    category: Annotated[str | None, typer.Option(help="What kind of mail it is, for unsubscribing: reminders.")] = None,
    unsubscribe: Annotated[
        bool, typer.Option("--unsubscribe", help="Give each mail a link to unsubscribe from its category.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the file where an address looks wrong.")] = False,
    yes: options.Yes = False,
    follow: Annotated[bool, typer.Option("--watch/--no-watch", help="Watch the job until it ends.")] = True,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="WORD", help="Any new word sends the very same again, on purpose.")
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Mail everybody in a CSV.

    The whole file is checked first; a broken row is named and nothing is sent.
    The same command given again goes on where it was cut off, and mails nobody twice.
    """
    message = compose(template, subject, text, sender, reply_to, variables or ())
    job_name = name or message["subject"][:LONGEST_NAME]
    wanted = {
        "company": company,
        "send_at": at and instant(at),
        "rate": rate,
        "category": category,
        "unsubscribe": unsubscribe or None,
    }
    request: Json = {"kind": "email", "name": job_name, "message": message}
    request |= {field: value for field, value in wanted.items() if value is not None}
    submit(people, request, strict, yes, follow, idempotency_key, url, token)


def submit(
    people: Path,
    request: Json,
    strict: bool,
    yes: bool,
    follow: bool,
    idempotency_key: str | None,
    url: str | None,
    token: str | None,
) -> None:
    """The people of the file become the job of this request, once."""
    file = PeopleFile(people)
    with show.err.status("Checking the file"):
        checked = file.check(strict)
    _warn(people, checked)
    with options.connect(url, token) as api:
        job = _create(api, request, idempotency_key or _key(request, checked.digest))
        if job["state"] == "draft":
            if not yes or show.err.is_terminal:
                _describe(request, checked, job)
            kept = f"Nothing was sent; {job['id']} stays a draft. To go on, send again."
            options.confirm(f"Mail {show.people(checked.people)}?", yes, kept)
            job = _fill_and_start(api, job, file, checked)
        else:
            _say_it_was_sent(job)
        _after(api, job, follow)


def _key(request: Json, digest: str) -> str:
    """The same for the same message, options and people."""
    given = json.dumps([request, digest], sort_keys=True, separators=(",", ":"))
    return f"offload-{hashlib.sha256(given.encode()).hexdigest()}"


def _create(api: Api, request: Json, key: str) -> Json:
    return api.post("/v1/jobs", request, repeatable=True, headers={"Idempotency-Key": key})


def _warn(path: Path, checked: Checked) -> None:
    if checked.doubtful.count:
        addresses = show.count(checked.doubtful.count, "address looks", "addresses look")
        show.fault(
            f"{path}: {addresses} wrong; whoever cannot be mailed fails alone, with the reason",
            checked.doubtful.lines(),
            warning=True,
        )


def _describe(request: Json, checked: Checked, job: Json) -> None:
    message, certificate = request["message"], request.get("certificate")
    sender = message.get("from")
    start = f"at {show.moment(job['send_at'])}" if job["send_at"] else "at once"
    needed = show.duration(max(1, checked.people / job["rate"]))
    shown = Padding(
        show.facts(
            [
                *([("certificate", f"{certificate['title']}, {certificate['issuer']}")] if certificate else []),
                ("subject", message["subject"]),
                ("from", f"{sender['name']} <{sender['email']}>".strip() if sender else "the site's own sender"),
                ("people", f"{checked.people:,}"),
                ("start", start),
                ("speed", f"{job['rate']:,.4g}/s at most: about {needed}"),
            ]
        ),
        (1, 2),
    )
    show.err.print(shown)


def _fill_and_start(api: Api, job: Json, file: PeopleFile, checked: Checked) -> Json:
    try:
        _upload(api, job["id"], file, checked)
        return api.post(f"/v1/jobs/{job['id']}/start", repeatable=True)
    except (BadInput, Refused) as error:
        if isinstance(error, Refused) and error.status == CONFLICT:
            current = api.get(f"/v1/jobs/{job['id']}")
            if current["state"] != "draft":
                # the same command, run at the same time, was quicker
                _say_it_was_sent(current)
                return current
        kept = f"Nothing was sent; {job['id']} stays a draft. To discard it: offload cancel {job['id']}"
        error.hint = f"{error.hint} {kept}".strip()
        raise
    except (Unreachable, KeyboardInterrupt):
        show.note("\nThe same command goes on from here, and mails nobody twice.")
        raise


def _upload(api: Api, job_id: str, file: PeopleFile, checked: Checked) -> None:
    """Every person of the file, and nobody else, is in the job when this returns."""
    total = 0
    with _progress() as progress:
        task = progress.add_task("Uploading", total=checked.people)
        for call in file.calls():
            try:
                total = api.append(job_id, call.body)["total"]
            except Refused as error:
                error.lines.append(f"lines are counted from line {call.first} of {file.path}, the first of this call")
                raise
            progress.advance(task, call.people)
    if file.digest() != checked.digest:
        raise BadInput(f"{file.path} changed while it was uploaded")
    if total != checked.people:
        raise BadInput(
            f"the job has {show.people(total)}, {file.path} {checked.people:,}: it was begun with another file"
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=show.err,
        transient=True,
        disable=not show.err.is_terminal,
    )


def _say_it_was_sent(job: Json) -> None:
    when = show.moment(job["started_at"] or job["created_at"])
    show.fault(
        f"this was submitted already, at {when}, as {job['id']}, now {job['state']}; it is not sent again",
        hint="To send the very same again on purpose, add --idempotency-key and any new word.",
        warning=True,
    )


def _after(api: Api, job: Json, follow: bool) -> None:
    if follow and job["state"] != "scheduled":
        raise typer.Exit(watch(api, job))
    if not show.out.is_terminal:
        show.line(job["id"], job["state"], str(job["counts"]["total"]))
        return
    start = f", starts {show.moment(job['send_at'])}" if job["state"] == "scheduled" else ""
    show.out.print(f"{job['id']}: {job['state']}{start}, {show.people(job['counts']['total'])}", soft_wrap=True)
    show.note(f"To watch it: offload watch {job['id']}", "dim")
