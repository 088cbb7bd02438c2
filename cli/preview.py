"""`offload preview`: what one person would get, rendered by the service itself; nothing is sent."""

from pathlib import Path
from typing import Annotated

import typer
from rich.rule import Rule
from rich.text import Text

from cli import options, show
from cli.api import Json
from cli.errors import BadInput
from cli.message import compose
from cli.people import PeopleFile

SOMEBODY = {"ref": "1", "email": "somebody@example.org", "name": "Some Body", "variables": {}}


def preview(
    template: options.Template,
    person: Annotated[
        str | None, typer.Option(metavar="PEOPLE.CSV:LINE", help="This person; without, a made-up one.")
    ] = None,
    subject: options.Subject = None,
    text: options.TextPart = None,
    sender: options.From = None,
    reply_to: options.ReplyTo = None,
    variables: options.Variables = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the HTML there; - is the standard output.")
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Show what one person would get; sends nothing."""
    message = compose(template, subject, text, sender, reply_to, variables or ())
    recipient = _person(person) if person else SOMEBODY
    with options.connect(url, token) as api:
        # reading: as repeatable as a GET
        mail = api.post("/v1/preview", {"message": message, "recipient": recipient}, repeatable=True)
    if html == "-":
        print(mail["html"])
        return
    _show(mail)
    if html is not None:
        try:
            Path(html).write_text(mail["html"], "utf-8")
        except OSError as error:
            raise BadInput(f"{html} cannot be written: {error.strerror}") from None
        show.note(f"The HTML is in {html}")


def _person(place: str) -> Json:
    path, _, line = place.rpartition(":")
    if not path or not line.isascii() or not line.isdigit():
        raise BadInput(f"--person: '{place}' is not FILE:LINE; the first person is usually on line 2")
    return PeopleFile(Path(path)).at_line(int(line)).person()


def _show(mail: Json) -> None:
    pairs = [
        ("Subject", mail["subject"]),
        ("From", _mailbox(mail["from"])),
        ("To", _mailbox(mail["to"])),
        ("Reply-To", _mailbox(mail["reply_to"])),
        *mail["headers"].items(),
    ]
    text = "\n".join(show.clean(line) for line in mail["text"].splitlines())
    if show.out.is_terminal:
        show.out.print(show.facts(pairs), Rule(style="dim"), Text(text))
        return
    for name, value in pairs:
        if value:
            print(f"{name}: {show.clean(value)}")
    print(f"\n{text}")


def _mailbox(value: Json | None) -> str:
    return f"{value.get('name') or ''} <{value['email']}>".strip() if value else ""
