"""The mail of one person, as the job makes it: nothing is sent, and nothing of it can do anything here.

The promise: the mail's own markup is answered at its own address, sandboxed, with a policy that lets it load nothing
and run nothing. Links that act for the person are not in it.
"""

import json
import re
from html.parser import HTMLParser

from starlette.responses import HTMLResponse, RedirectResponse, Response

from certificates.award import CODE, CertificateJob
from console.frame import page
from console.jobs import find
from console.people import certificate_of, find_person
from console.routing import Page
from console.visit import Visit
from core.errors import InvalidAddress, RecipientFault
from core.problems import NOT_FOUND, Problem
from mail.compose import MailJob
from mail.headers import UNSUBSCRIBE
from mail.message import OutgoingMail
from runtime.ports import Row
from store import job_lists, people_lists

HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOT_ISSUED = "0" * 16  # a certificate's code that is nobody's
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_STYLED = re.compile(r"""url\(\s*["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


async def show(visit: Visit) -> Response:
    visit, job = await find(visit)
    person = await find_person(visit, job)
    mail, fault = None, ""
    try:
        mail = await _mail(visit, job, person)
    except RecipientFault as error:
        fault = f"No mail can be made of it: {error.detail}."
    return page(
        visit,
        "preview.html",
        "Preview",
        job=job,
        person=person,
        mail=mail,
        fault=fault,
        pictures=pictures_elsewhere(mail.html) if mail else [],
        harmless=_harmless(job, mail) if mail else [],
    )


async def show_mail(visit: Visit) -> Response:
    visit, job = await find(visit)
    try:
        mail = await _mail(visit, job, await find_person(visit, job))
    except RecipientFault:
        raise Problem(NOT_FOUND, "No mail can be made for this person.") from None
    return HTMLResponse(mail.html, headers=HEADERS)


async def show_of(visit: Visit) -> Response:
    """To the preview of whom the query names by their reference."""
    visit, job = await find(visit)
    rows = await visit.services.database.all(people_lists.place_of(visit.scope, job["id"], visit.query("ref")))
    if not rows:
        raise Problem(NOT_FOUND, "The job has nobody with this reference.")
    return RedirectResponse(f"/console/jobs/{job['id']}/people/{rows[0]['position']}/preview", 303)


async def _mail(visit: Visit, job: Row, person: Row) -> OutgoingMail:
    """Raises a `RecipientFault`."""
    rows = await visit.services.database.all(job_lists.content(visit.scope, job["id"]))
    if not rows or not person["email"]:
        raise InvalidAddress("their data was erased")
    [row] = rows
    content, variables = json.loads(row["content"]), json.loads(person["variables"])
    if "certificate" in content:
        variables |= await _supplied(visit, job, person, content, variables)
    mails = MailJob.accepted(job["site_id"], job["id"], row["version"], content, job["company"])
    url = f"{visit.services.settings.public_url}/u/preview" if mails.unsubscribe else ""
    return mails.mail_for(person["ref"], person["email"], person["name"], variables, url, person["position"])


async def _supplied(visit: Visit, job: Row, person: Row, content: Row, variables: Row) -> dict[str, str]:
    """What the mail is given to say of the person's certificate; of one that is not issued yet, as it will look."""
    from certificates.issuing import Issuing

    found = await certificate_of(visit, job, person)
    award = CertificateJob.load(job["site_id"], job["id"], job["company"], content)
    own = {CODE: json.loads(found["shown"]).get("code")} if found else {}
    code = found["code"] if found else _NOT_ISSUED
    printed, verify_url = Issuing(visit.services, award, visit.now).printed({**variables, **own}, code)
    link = f"{visit.services.settings.public_url}/c/preview.pdf"
    return {"certificate_url": link, "certificate_code": printed, "verify_url": verify_url}


def _harmless(job: Row, mail: OutgoingMail) -> list[str]:
    """What the links stand for that are not the person's own here."""
    ours = {"unsubscribe": UNSUBSCRIBE in mail.headers, "the certificate": job["kind"] == "certificate"}
    return [name for name, there in ours.items() if there]


def pictures_elsewhere(html: str) -> list[str]:
    """The addresses of pictures that a mail program would fetch."""
    parser = _Pictures()
    parser.feed(html)
    return list(dict.fromkeys([*parser.found, *_STYLED.findall(html)]))


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            address = (value or "").strip()
            if ((tag, name) == ("img", "src") or name == "background") and _ELSEWHERE.match(address):
                self.found.append(address)


_ONE = "/console/jobs/{job}/people/{position}/preview"

PAGES = (
    Page("GET", "/console/jobs/{job}/preview", "any", show_of, "The mail for the person of a reference"),
    Page("GET", _ONE, "any", show, "The mail for a person of a job, sending nothing"),
    Page("GET", f"{_ONE}/mail", "any", show_mail, "Its HTML alone, sandboxed: it loads and runs nothing"),
)
