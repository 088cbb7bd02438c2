"""A new link to a certificate's file, for the holder whose old one has expired: mailed to the address on record.

The promise: whoever asks learns nothing of it; a certificate's holder is mailed once an hour at most, for the hour is
claimed before the mail leaves; and nobody whose address is suppressed, or whose data is not kept any more.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from certificates import dates, links
from core.errors import NotAccepted, Rejected, SendFailure
from core.log import log
from core.times import moment
from mail.compose import MailJob
from mail.message import OutgoingMail
from pages.words import Language
from providers import provider_for
from runtime.ports import Row
from runtime.services import Services
from sending.persistence import persist
from store import links as rows

INTERVAL: Final = 3_600_000  # milliseconds
_MAILS: Final = Path(__file__).parent / "templates" / "mails"


async def mail(services: Services, code: str, language: Language) -> None:
    """Raises nothing: nobody waits for it, and nobody may learn what became of it."""
    try:
        now = services.clock.now()
        _, claimed = await persist(services, [rows.note(code, now, INTERVAL), rows.claim(code, now, INTERVAL)])
        if claimed:
            await _mail(services, claimed[0], now, language)
    except Exception as error:
        log("error", "new link not mailed", reason=type(error).__name__)


async def _mail(services: Services, claimed: Row, now: int, language: Language) -> None:
    found = await services.database.all(rows.holder(claimed["code"]))
    if not found:  # forgotten meanwhile
        return
    [holder] = found
    try:
        outgoing = _composed(services, claimed["code"], holder, now, language)
        await provider_for(holder["provider"], services, holder["site_id"]).send(outgoing)
    except SendFailure as failure:
        log("warning", "new link not mailed", site=holder["site_id"], job=holder["job_id"], reason=failure.code)
        if isinstance(failure, NotAccepted) and not isinstance(failure, Rejected):
            await persist(services, [rows.release(claimed["code"], now)])


def _composed(services: Services, code: str, holder: Row, now: int, language: Language) -> OutgoingMail:
    """From the job's sender, in the reader's language."""
    content, shown = json.loads(holder["content"]), json.loads(holder["shown"])
    until = now + content["certificate"]["link_days"] * links.DAY
    last_day = dates.formatted(moment(until).date(), "long", language.code)
    told = {"title": shown["title"], "issuer": shown["issuer"], "until": last_day}
    values = {
        **{name: text.format(**told) for name, text in language.link._asdict().items()},
        "link": links.download_url(services.settings, code, until),
        "language": language.code,
        "direction": language.direction,
    }
    job = MailJob.load(
        holder["site_id"], holder["job_id"], f"link {now}", {"message": _message(content)}, holder["company"]
    )
    made = job.mail_for(holder["ref"], holder["email"], holder["name"], values)
    # what becomes of this mail says nothing of the job's own: events find that by its reference
    return replace(made, reference=f"link-{code}")


def _message(content: Mapping[str, Any]) -> dict[str, Any]:
    sender = {name: content["message"].get(name) for name in ("from", "reply_to")}
    return {
        **sender,
        "subject": "{{ subject }}",
        "html": _template("new_link.html"),
        "text": _template("new_link.txt"),
        "headers": {},
        "variables": {},
    }


@cache
def _template(name: str) -> str:
    return (_MAILS / name).read_text("utf-8")
