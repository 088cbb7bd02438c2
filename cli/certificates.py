"""`offload certificates`: a CSV and a design become certificates, and a mail to each holder.

The promise: that of `offload send`; and who has a certificate for the award gets the same one again, never a second.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import encoding, options
from cli.api import Json
from cli.errors import BadInput
from cli.message import compose, instant, mailbox, pairs
from cli.send import LONGEST_NAME, submit

# Sent where no mail of one's own is given.
SUBJECT = "{{ title }}"
MAIL = Path(__file__).parent / "templates" / "certificate.html"


class Holder(StrEnum):
    FULL = "full"
    INITIALS = "initials"
    HIDDEN = "hidden"


def certificates(
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE.CSV", help="Columns ref, email, name; others are variables.")
    ],
    template: Annotated[
        str, typer.Option(metavar="DIPLOMA.JSON|NAME", help="The design: a file, or classic, diploma, modern, …")
    ],
    title: Annotated[str, typer.Option(help="What the certificate is for, such as the course.")],
    issuer: Annotated[str, typer.Option(help="Who issues it.")],
    award: Annotated[
        str | None, typer.Option(help="Id of what is certified, once for each person; without, the title.")
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="Valid until then: 2028-01-01T00:00.")] = None,
    locale: Annotated[str | None, typer.Option(help="Language of dates: de, pt-BR; without, English.")] = None,
    holder: Annotated[Holder, typer.Option(help="What the verification page shows of the name.")] = Holder.FULL,
    link_days: Annotated[int | None, typer.Option(help="Days that the link in the mail is good; without, 90.")] = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Send the PDF with the mail, besides the link, where the provider can.")
    ] = False,
    mail: Annotated[
        Path | None,
        typer.Option(
            help="The mail as HTML, with {{ certificate_url }}, {{ certificate_code }}, {{ verify_url }}.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    subject: options.Subject = None,
    text: options.TextPart = None,
    sender: options.From = None,
    reply_to: options.ReplyTo = None,
    variables: options.Variables = None,
    name: Annotated[str | None, typer.Option(help="Name of the job in lists; without, the title.")] = None,
    company: Annotated[str | None, typer.Option(help="Company (IOMAD) that the job belongs to.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Start then: 2026-12-01T09:00, local time.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the file where an address looks wrong.")] = False,
    yes: options.Yes = False,
    follow: Annotated[bool, typer.Option("--watch/--no-watch", help="Watch the job until it ends.")] = True,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="WORD", help="Any new word mails the very same again, on purpose.")
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Issue a certificate to everybody in a CSV, and mail each a link to theirs.

    The whole file is checked first; a broken row is named and nothing is sent.
    The same command given again goes on where it was cut off, and issues nothing twice.
    """
    certificate: Json = {
        "design": _design(template),
        "award": award or title,
        "title": title,
        "issuer": issuer,
        "expires_at": expires and instant(expires, "--expires"),
        "locale": locale,
        "link_days": link_days,
        "holder": holder.value,
        "delivery": "attachment" if attach else None,
    }
    shared = {"title": title, "issuer": issuer}
    if mail is None:
        message: Json = {"subject": subject or SUBJECT, "html": MAIL.read_text("utf-8")}
        message |= {"from": mailbox("--from", sender)} if sender else {}
        message |= {"reply_to": mailbox("--reply-to", reply_to)} if reply_to else {}
        message["variables"] = shared | pairs(variables or ())
    else:
        message = compose(mail, subject, text, sender, reply_to, variables or ())
        message["variables"] = shared | message.get("variables", {})
    request: Json = {
        "kind": "certificate",
        "name": (name or title)[:LONGEST_NAME],
        "message": message,
        "certificate": _given(certificate),
        **_given({"company": company, "send_at": at and instant(at)}),
    }
    submit(people, request, strict, yes, follow, idempotency_key, url, token)


def _given(values: Json) -> Json:
    return {field: value for field, value in values.items() if value is not None}


def _design(template: str) -> Json | str:
    """A file's document, or the name of a design of the service's own."""
    path = Path(template)
    if path.suffix.lower() != ".json" and not path.exists():
        return template
    try:
        document = json.loads(encoding.read(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{path} holds no design: it must be a JSON object")
    return document
