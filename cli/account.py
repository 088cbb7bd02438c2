"""`offload me` and `offload config`: whether the service answers, and where it is."""

import sys
from getpass import getpass
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from cli import config, options, show
from cli.api import Json
from cli.errors import INCOMPLETE, BadInput

SHOWN = 8  # characters of a token


def me(as_json: options.AsJson = False, url: options.Url = None, token: options.Token = None) -> None:
    """Test the connection, and what stands behind it."""
    with options.connect(url, token) as api:
        answer = api.get("/v1/me")
    checks = {f"provider {answer['provider']['name']}": answer["provider"], **answer["checks"]}
    if as_json:
        show.pretty(answer)
    elif show.out.is_terminal:
        rows = [(name, _mark(check)) for name, check in checks.items()]
        show.out.print(Padding(show.facts([*_who(api.url, answer), *rows]), (1, 2)))
    else:
        for name, value in _who(api.url, answer):
            show.line(name, value)
        for name, check in checks.items():
            show.line(name, "ok" if check["ok"] else "failed", check["detail"])
    if not all(check["ok"] for check in checks.values()):
        raise typer.Exit(INCOMPLETE)


def configure(
    url: Annotated[str | None, typer.Option(help="Address of the service.")] = None,
    token: Annotated[str | None, typer.Option(help="Token of a site or a company; - asks, or reads a line.")] = None,
    operator_token: Annotated[str | None, typer.Option(help="The operator's token; - asks, or reads a line.")] = None,
) -> None:
    """Keep the address and the tokens, or show them.

    They are kept in a file that only you can read. Without options, what is in force is shown.
    The environment comes before the file, a flag before both.
    """
    given = {
        "url": url and config.address(url),
        "token": _secret("token", token),
        "operator_token": _secret("operator token", operator_token),
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    if wanted:
        path = config.save({**config.load(), **wanted})
        show.note(f"Kept in {path}")
        return
    values = config.load()
    for name, (value, source) in config.in_force(values).items():
        shown = value if name == "url" else f"{value[:SHOWN]}…" if value else ""
        if show.out.is_terminal:
            show.out.print(Text.assemble((f"{name:<16}", "dim"), shown or "not set", (f"  {source}", "dim")))
        else:
            show.line(name, shown, source)


def _secret(what: str, value: str | None) -> str | None:
    """Given as -, it is in no shell's history and no list of processes."""
    given = value
    if value == "-":
        given = getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if given == "":
        raise BadInput(f"the {what} is empty")
    return given


def _who(url: str, answer: Json) -> list[tuple[str, object]]:
    site = answer["site"] or {}
    return [
        ("service", url),
        ("role", answer["role"]),
        ("site", " ".join(filter(None, (site.get("name"), site.get("id"))))),
        ("company", answer["company"]),
    ]


def _mark(check: Json) -> Text:
    mark = ("✔ ok", "green") if check["ok"] else ("✖ failed", "bold red")
    detail = show.clean(check["detail"])
    return Text.assemble(mark, f": {detail}" if detail else "")
