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
from errors import InvalidAddress, RecipientFault
from mail.compose import MailJob
from mail.headers import UNSUBSCRIBE
from mail.message import Address, OutgoingMail
from ports import Row
from problems import NOT_FOUND, Problem
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

_PREVIEW = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{% set job_at = "/console/jobs/" ~ job.id %}
{% set people = job_at ~ "/people/" %}
{% call parts.head("The mail for " ~ (person.name or person.ref), "As the job makes it. Nothing is sent.") %}
{% if person.position > 0 %}<a class="button" rel="prev" href="{{ people }}{{ person.position - 1 }}/preview">
Person before</a>{% endif %}
{% if person.position + 1 < job.total %}<a class="button" rel="next"
 href="{{ people }}{{ person.position + 1 }}/preview">Next person</a>{% endif %}
{% endcall %}
<p>In <a href="{{ job_at }}">{{ job.name or job.id }}</a>, for
<a href="{{ people }}{{ person.position }}">{{ person.ref }}</a></p>
<form class="filter" method="get" action="{{ job_at }}/preview">
{{ parts.search("ref", "Another person's whole reference", "") }}<button>Show</button></form>
{% if fault %}
<p class="problem">{{ fault }}</p>
{% else %}
<section class="card" aria-labelledby="headers"><h2 id="headers">{{ mail.subject }}</h2>
<dl><dt>From</dt><dd>{{ mailbox(mail.sender) }}</dd><dt>To</dt><dd>{{ mailbox(mail.to) }}</dd>
{% if mail.reply_to %}<dt>Reply-To</dt><dd>{{ mailbox(mail.reply_to) }}</dd>{% endif %}
<dt>Message-ID</dt><dd><code>{{ mail.message_id }}</code></dd>
{% for name, value in mail.headers.items() %}<dt>{{ name }}</dt><dd><code>{{ value }}</code></dd>{% endfor %}</dl>
{% if harmless %}<p class="quiet">Links to {{ harmless | join(" and to ") }} lead nowhere here.</p>{% endif %}
</section>
<section class="card" aria-labelledby="html"><h2 id="html">HTML</h2>
{% if pictures %}<p>{{ pictures | length | number }} of its pictures
{{- " is" if pictures | length == 1 else " are" }} on other servers, and not loaded here:
{% for picture in pictures[:10] %}<code>{{ picture }}</code> {% endfor %}</p>{% endif %}
<iframe sandbox="" referrerpolicy="no-referrer" title="The mail as HTML"
 src="{{ people }}{{ person.position }}/preview/mail"></iframe></section>
<section class="card" aria-labelledby="text"><h2 id="text">Plain text</h2>
<pre>{{ mail.text }}</pre></section>
{% endif %}{% endblock %}"""


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
        _PREVIEW,
        "Preview",
        job=job,
        person=person,
        mail=mail,
        fault=fault,
        pictures=pictures_elsewhere(mail.html) if mail else [],
        harmless=_harmless(job, mail) if mail else [],
        mailbox=_mailbox,
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
    mails = MailJob.load(job["site_id"], job["id"], row["version"], content, job["company"])
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


def _mailbox(address: Address) -> str:
    return f"{address.name} <{address.email}>" if address.name else address.email


_ONE = "/console/jobs/{job}/people/{position}/preview"

PAGES = (
    Page("GET", "/console/jobs/{job}/preview", "any", show_of, "The mail for the person of a reference"),
    Page("GET", _ONE, "any", show, "The mail for a person of a job, sending nothing"),
    Page("GET", f"{_ONE}/mail", "any", show_mail, "Its HTML alone, sandboxed: it loads and runs nothing"),
)
