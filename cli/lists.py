"""Commands that give people back by name: who failed, and who was not mailed yet.

The promises: a file of people is there completely or not at all; no cell of it is ever read as a formula.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.padding import Padding
from rich.text import Text

from cli import options, show
from cli.api import Api, Json
from cli.errors import BadInput
from cli.spreadsheet import guarded

SHOWN = 50
COLUMNS = ("ref", "email", "name")


def failures(
    job: options.Job,
    target: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write all as CSV; - is the standard output.")
    ] = None,
    state: Annotated[options.Unsent | None, typer.Option(help="Only these; without, both.")] = None,
    reason: options.Reason = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Show who was not mailed, or may not have been, and why."""
    states = ("failed", "uncertain") if state is None else (state,)
    with options.connect(url, token) as api:
        if target is not None:
            _write_failures(api, job, states, reason, target)
        elif show.out.is_terminal:
            _show_failures(api, job, states, reason)
        else:
            for each in states:
                for person in api.pages(f"/v1/jobs/{job}/recipients", "recipients", state=each, reason=reason):
                    show.line(*(person[name] for name in (*COLUMNS, "state", "reason", "detail")))


def handback(
    job: options.Job,
    target: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="Write ref, email, name there; - is the output.")
    ] = None,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """End a job and get back whoever is not mailed yet.

    To mail them otherwise. Safe to give again: the same people come back.
    """
    if target is None and not as_json:
        raise BadInput("where to? give --csv FILE or --json")
    if target == "-" and as_json:
        raise BadInput("--json and --csv - both want the output; give --csv a file")
    if target not in (None, "-") and Path(target).exists():
        raise BadInput(f"{target} is there already; it is not overwritten")
    with options.connect(url, token) as api:
        waiting = api.get(f"/v1/jobs/{job}")["counts"]["pending"]
        options.confirm(f"End {job} and take back {show.people(waiting)} not mailed yet?", yes)
        # the file is open before anybody is taken back
        with nullcontext() if target is None else whole(target) as out:
            answer = api.post(f"/v1/jobs/{job}/handback", repeatable=True)
            people = [{name: person[name] for name in COLUMNS} for person in api.follow(answer, "recipients")]
            if out is not None:
                _write_people(out, people)
    if as_json:
        show.pretty({**answer, "recipients": people, "next": None})
    _say_what_came_back(answer, target)


def _say_what_came_back(answer: Json, target: str | None) -> None:
    place = f"; they are in {target}" if target not in (None, "-") else ""
    show.note(f"{show.people(answer['handed_back'])} taken back{place}")
    if answer["sending"]:
        show.note(f"still being mailed: {show.people(answer['sending'])}, who stay with the job", "yellow")
        show.note(f"what became of them: offload status {answer['job']['id']}", "yellow")


def _show_failures(api: Api, job: str, states: tuple[str, ...], reason: str | None) -> None:
    path = f"/v1/jobs/{job}/recipients"
    pages = [api.get(path, state=state, reason=reason, limit=SHOWN) for state in states]
    found = [person for page in pages for person in page["recipients"]]
    if not found:
        show.out.print("Nobody.")
        return
    table = show.table("ref", "who", "why")
    for person in found:
        who = [Text(show.clean(person[name])) for name in ("name", "email") if person[name]]
        why = Text.assemble(f"{person['state']}: ", (show.clean(person["reason"]), "bold"))
        detail = Text(show.clean(person["detail"]), "dim")
        table.add_row(
            Text(show.clean(person["ref"])), Text("\n").join(who), Text("\n").join([why, detail] if detail else [why])
        )
    show.out.print(Padding(table, (0, 1)))
    if any(page["next"] for page in pages):
        show.note(f"There are more. All of them: offload failures {job} --csv failures.csv")


def _write_failures(api: Api, job: str, states: tuple[str, ...], reason: str | None, target: str) -> None:
    with whole(target) as out:
        for place, state in enumerate(states):
            with api.csv(f"/v1/jobs/{job}/recipients", state=state, reason=reason) as pieces:
                for piece in pieces if place == 0 else _without_header(pieces):
                    out.write(piece)
    if target != "-":
        show.note(f"Written to {target}")


def _without_header(pieces: Iterator[bytes]) -> Iterator[bytes]:
    start = b""
    for piece in pieces:
        start += piece
        if b"\n" in start:
            yield start.partition(b"\n")[2]
            break
    yield from pieces


def _write_people(out: BinaryIO, people: Iterable[Json]) -> None:
    text = io.TextIOWrapper(out, "utf-8-sig", newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows([guarded(person[name]) for name in COLUMNS] for person in people)
    text.detach()


@contextmanager
def whole(target: str) -> Iterator[BinaryIO]:
    """A file that takes its name when the block ended well; - is the standard output."""
    if target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    part = path.with_name(f"{path.name}.part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}") from None
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
