"""Options and arguments that several commands share, and what they open."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import config, show
from cli.api import Api
from cli.errors import BadInput, Declined

_CONNECTION = "Connection"


def _id_of(kind: str, prefix: str) -> Callable[[str | None], str | None]:
    pattern = re.compile(rf"{prefix}_[0-9a-f]{{32}}")

    def check(value: str | None) -> str | None:
        if value is not None and not pattern.fullmatch(value):
            raise typer.BadParameter(f"'{value}' is not the id of a {kind}; it is {prefix}_ and 32 hex digits")
        return value

    return check


Url = Annotated[
    str | None, typer.Option(envvar="OFFLOAD_URL", help="Address of the service.", rich_help_panel=_CONNECTION)
]
Token = Annotated[
    str | None,
    typer.Option(envvar="OFFLOAD_TOKEN", help="Token of a site or a company.", rich_help_panel=_CONNECTION),
]
OperatorToken = Annotated[
    str | None,
    typer.Option("--token", envvar="OFFLOAD_OPERATOR_TOKEN", help="The operator's token.", rich_help_panel=_CONNECTION),
]
Job = Annotated[str, typer.Argument(metavar="JOB", callback=_id_of("job", "job"), help="Id of a job.")]
MaybeJob = Annotated[
    str | None, typer.Argument(metavar="[JOB]", callback=_id_of("job", "job"), help="Id of a job; without, all recent.")
]
Site = Annotated[str, typer.Argument(metavar="SITE", callback=_id_of("site", "site"), help="Id of a site.")]
TokenId = Annotated[str, typer.Argument(metavar="TOKEN", callback=_id_of("token", "tok"), help="Id of a token.")]

Template = Annotated[Path, typer.Option(help="The mail as HTML: a Jinja2 template.", exists=True, dir_okay=False)]
Subject = Annotated[str | None, typer.Option(help="Subject, a template too; without, the HTML's <title>.")]
TextPart = Annotated[
    Path | None,
    typer.Option("--text", help="Text part, a template too; without, made from the HTML.", exists=True, dir_okay=False),
]
From = Annotated[str | None, typer.Option("--from", help="'Name <address>'; without, the site's own sender.")]
ReplyTo = Annotated[str | None, typer.Option(help="'Name <address>' that answers go to.")]
Variables = Annotated[
    list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable for everybody; may be repeated.")
]
Unsent = Literal["failed", "uncertain"]
Reason = Annotated[str | None, typer.Option(help="Only those with this reason, as `offload status` groups them.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]


def connect(url: str | None, token: str | None, kind: str = "token") -> Api:
    """The service, as the site's token (or the `operator_token`) allows."""
    if config.exposed():
        show.fault(f"{config.file()} can be read by others: chmod 600 it", warning=True)
    return Api(config.address(config.resolve("url", url)), config.resolve(kind, token))


def connect_operator(url: str | None, token: str | None) -> Api:
    return connect(url, token, "operator_token")


def confirm(question: str, yes: bool, declined: str = "Nothing was changed.") -> None:
    """Returns if the answer is yes. Asks on the standard error, so that a command's output stays clean."""
    if yes:
        return
    show.err.print(f"{question} [y/N] ", end="", markup=False, soft_wrap=True)
    answer = sys.stdin.readline()
    if not answer:
        show.note("")
        raise BadInput("nobody is there to answer; give --yes", hint=declined)
    if answer.strip().lower() not in ("y", "yes"):
        raise Declined(declined)
