"""A message, put together from files and options.

The subject is `--subject`, or else the HTML's <title>; without either the command is refused. Both are templates.
"""

import html
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path

from cli import encoding
from cli.api import Json
from cli.errors import BadInput

_TITLE = re.compile(r"<title[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)


def compose(
    template: Path,
    subject: str | None,
    text: Path | None,
    sender: str | None,
    reply_to: str | None,
    variables: Iterable[str],
) -> Json:
    """The API's `message`; what is not given is left out, so that the site's own settings hold."""
    source = _read(template)
    message: Json = {"subject": subject or _title(source, template), "html": source}
    if text is not None:
        message["text"] = _read(text)
    if sender:
        message["from"] = mailbox("--from", sender)
    if reply_to:
        message["reply_to"] = mailbox("--reply-to", reply_to)
    if shared := pairs(variables):
        message["variables"] = shared
    return message


def mailbox(option: str, value: str) -> Json:
    """`a@b.c` or `Name <a@b.c>`."""
    name, email = parseaddr(value)
    if "@" not in email:
        raise BadInput(f"{option}: '{value}' is not an address; write a@example.org or 'A Name <a@example.org>'")
    return {"email": email, "name": name}


def pairs(assignments: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"--var: '{assignment}' is not NAME=VALUE")
        if name.strip() in found:
            raise BadInput(f"--var: {name.strip()} is given twice")
        found[name.strip()] = value
    return found


def instant(value: str, option: str = "--at") -> str:
    """RFC 3339 in UTC; a time without an offset is this machine's own."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadInput(f"{option}: '{value}' is not a time; write 2026-12-01T09:00 or 2026-12-01T09:00+01:00") from None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _title(source: str, template: Path) -> str:
    found = _TITLE.search(source)
    title = " ".join(html.unescape(found[1]).split()) if found else ""
    if not title:
        raise BadInput(f"there is no subject: give --subject, or {template} a <title>")
    return title


def _read(path: Path) -> str:
    try:
        return encoding.read(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
