"""`offload privacy`: what is kept of one person, to be given to them or erased.

The promises: an export is there completely or not at all; an erasure is counted and asked first, and one that was cut
off is completed by giving the command again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.padding import Padding

from cli import options, show
from cli.api import Api, Json
from cli.errors import BadInput
from cli.lists import whole

app = typer.Typer(no_args_is_help=True, help="Show a person what is kept of them, or erase it.")

Ref = Annotated[str | None, typer.Option(help="Their ref: Moodle's own id of them.")]
Email = Annotated[str | None, typer.Option(help="Their address. With --ref as well: whoever has either of them.")]


@app.command()
def export(
    ref: Ref = None,
    email: Email = None,
    target: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write it there; without, to the output.")
    ] = "-",
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Write all that is kept of a person as JSON, with links to their certificates."""
    person = _person(ref, email)
    if target != "-" and Path(target).exists():
        raise BadInput(f"{target} is there already; it is not overwritten")
    document: dict[str, list[Json]] = {}
    with options.connect(url, token) as api:
        for page in _pages(api, "export", person):
            for kind, items in page.items():
                document.setdefault(kind, []).extend(items)
    with whole(target) as out:
        out.write(show.as_json(document).encode() + b"\n")
    if target != "-":
        show.note(f"Written to {target}")


@app.command()
def erase(
    ref: Ref = None,
    email: Email = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what is kept of them.")] = False,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Erase a person, for good; what is counted stays, and they are not mailed any more.

    What is kept of them is counted first; then you are asked.
    """
    person = _person(ref, email)
    with options.connect(url, token) as api:
        counts = _counted(_pages(api, "erase", {**person, "dry_run": True}))
        if not dry_run:
            if not as_json:
                _show(counts)
            options.confirm("Erase this person, and never mail them again? This cannot be undone.", yes)
            counts = _counted(_pages(api, "erase", person))
    if as_json:
        show.pretty({"dry_run": dry_run, "counts": counts})
    elif dry_run:
        _show(counts)
    else:
        show.note("Erased.")


def _person(ref: str | None, email: str | None) -> Json:
    person = {name: value for name, value in (("ref", ref), ("email", email)) if value}
    if not person:
        raise BadInput("whom? give --ref, --email or both")
    return person


def _pages(api: Api, action: str, body: Json) -> Iterator[Json]:
    """The answers of all the calls that it takes. The same call twice is the same as once."""
    path = f"/v1/privacy/{action}"
    cursor: str | None = None
    while True:
        answer = api.post(path if cursor is None else f"{path}?cursor={cursor}", body, repeatable=True)
        cursor = answer.pop("next")
        yield answer
        if cursor is None:
            return


def _counted(pages: Iterator[Json]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for page in pages:
        for kind, count in page["counts"].items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def _show(counts: dict[str, int]) -> None:
    words: list[tuple[str, Any]] = [(kind.replace("_", " "), f"{count:,}") for kind, count in counts.items()]
    if show.out.is_terminal:
        show.out.print(Padding(show.facts(words), (0, 1)))
    else:
        for kind, count in counts.items():
            show.line(kind, str(count))
