"""Certificates: found, looked at, opened, revoked, reissued; those of a job as one archive."""

import json
from typing import Any

from starlette.responses import RedirectResponse, Response, StreamingResponse

import certificate_links as links
import jobs
from api import query
from api.validation import check
from certificates import changes, codes
from certificates.archive import archive
from certificates.standing import standing_of
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from ports import Row
from problems import NOT_FOUND, Problem, invalid
from scope import Scope
from store import certificates

LIMIT = 50
_HOME = "/console/certificates"
_LIST = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Certificates") }}
<form class="filter" method="get" action="/console/certificates">
{% if sites | length > 2 %}{{ parts.select("site", "Site", sites, chosen.site) }}{% endif %}
{{ parts.search("code", "Code") }}
{{ parts.search("job", "Job's id", chosen.job) }}
{{ parts.search("ref", "Moodle's reference of the person", chosen.ref) }}
<button>Find</button></form>
<section class="card" aria-label="Certificates">
{% if certificates %}
<table><thead><tr><th scope="col">Code</th><th scope="col">Holder</th><th scope="col">For</th><th scope="col">State</th>
<th scope="col">Issued</th><th scope="col">Expires</th></tr></thead><tbody>
{% for row, told, standing in certificates %}
<tr><td data-label="Code"><a class="whole" href="/console/certificates/{{ row.code }}">
<code>{{ row.code | grouped }}</code></a></td>
<td data-label="Holder">{{ told.holder or "not shown" }}</td><td data-label="For">{{ told.title }}</td>
<td data-label="State">{{ parts.badge(standing) }}</td><td data-label="Issued">{{ parts.when(row.issued_at) }}</td>
<td data-label="Expires">{{ parts.when(row.expires_at) }}</td></tr>
{% endfor %}
</tbody></table>{{ parts.pager(following) }}
{% if chosen.job %}
<p><a href="/console/certificates.zip?job={{ chosen.job | urlencode }}">All valid ones of this job as a ZIP</a></p>
{% endif %}
{% else %}<p>There is none{{ " that fits" if chosen.job or chosen.ref else "" }}.</p>{% endif %}</section>
{% endblock %}"""

_ONE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head(told.title, "Certificate " ~ (row.code | grouped)) }}
<section class="card" aria-labelledby="facts"><h2 id="facts">{{ told.holder or "Holder not shown" }}
{{ parts.badge(standing) }}</h2>
<dl>{% if row.reason %}<dt>Reason</dt><dd>{{ row.reason }}</dd>{% endif %}
<dt>Issuer</dt><dd>{{ told.issuer }}</dd>
<dt>Reference</dt><dd>{{ row.ref }}</dd>
<dt>Company</dt><dd>{{ row.company or nothing }}</dd>
<dt>Award</dt><dd>{{ row.award }}, version {{ row.version }}</dd>
<dt>Issued</dt><dd>{{ parts.when(row.issued_at) }}</dd>
<dt>Expires</dt><dd>{{ parts.when(row.expires_at) }}</dd>
{% if row.ended_at %}<dt>Ended</dt><dd>{{ parts.when(row.ended_at) }}</dd>{% endif %}
<dt>Job</dt><dd><a href="/console/jobs/{{ row.job_id }}">{{ row.job_id }}</a></dd>
<dt>SHA-256</dt><dd><code>{{ row.sha256 }}</code></dd></dl>
<div class="actions"><a class="button" href="{{ here }}/file">Open the PDF</a>
<a class="button" href="{{ verify }}">Its public page</a>
{% if may_change and row.state == "valid" %}<a class="button" href="{{ here }}/reissue">Correct and reissue</a>
<a class="button danger" href="{{ here }}/revoke">Revoke</a>{% endif %}</div></section>{% endblock %}"""

_REISSUE = """{% extends "frame" %}{% block main %}{% import "parts" as parts with context %}
{{ parts.head("Correct and reissue", "A new certificate takes the place of this one, with the same date.") }}
<p>Nobody is mailed. A link that was mailed leads to the new one.</p>
<section class="card"><form method="post" action="{{ here }}/reissue">{{ parts.csrf() }}
{{ parts.input("name", "Name", name, required=true) }}
{% for name, value in variables %}{{ parts.input("variable-" ~ name, name, value) }}{% endfor %}
<div class="actions"><button class="first">Reissue</button><a class="button" href="{{ here }}">Back</a></div></form>
</section>{% endblock %}"""
_VARIABLE = "variable-"


async def show_list(visit: Visit) -> Response:
    if typed := visit.query("code"):
        return _to_code(typed)
    site, job, ref = visit.query("site"), visit.query("job"), visit.query("ref")
    scope = await _scope(visit, site, ref)
    statement = certificates.page(scope, job or None, ref or None, query.time_cursor(visit), LIMIT + 1)
    rows = await visit.services.database.all(statement)
    last = rows[LIMIT - 1] if len(rows) > LIMIT else None
    following = last and visit.here(cursor=query.cursor((last["issued_at"], last["code"])))
    shown = [(row, json.loads(row["shown"]), standing_of(row, visit.now)) for row in rows[:LIMIT]]
    choices = [("", "All"), *((each["id"], each["name"]) for each in await visit.sites())]
    return page(
        visit,
        _LIST,
        "Certificates",
        certificates=shown,
        following=following,
        sites=choices,
        chosen={"site": site, "job": job, "ref": ref},
    )


def _to_code(typed: str) -> Response:
    code = codes.parse(typed)
    if code is None:
        raise invalid("Code", "is mistyped: its last character does not fit the others")
    return RedirectResponse(f"{_HOME}/{code}", 303)


async def _scope(visit: Visit, site: str, ref: str) -> Scope | None:
    """What is searched. A reference is Moodle's own: without its Moodle it says nothing."""
    if site:
        return visit.at_site((await visit.site_row(site))["id"]).scope
    if ref and visit.sees_all:
        raise invalid("Site", "choose the site whose reference this is")
    return visit.caller.scope


async def show(visit: Visit) -> Response:
    row = await _certificate(visit)
    told = json.loads(row["shown"])
    return page(
        visit,
        _ONE,
        told["title"],
        row=row,
        told=told,
        standing=standing_of(row, visit.now),
        here=f"{_HOME}/{row['code']}",
        verify=links.verify_url("", row["code"]),
    )


async def file(visit: Visit) -> Response:
    row = await _certificate(visit)
    stored = await visit.services.files.get(row["file"])
    if stored is None:
        raise Problem(NOT_FOUND, "The file is not kept any more.")
    headers = {"Content-Disposition": f'inline; filename="{row["code"]}.pdf"'}
    return Response(stored.data, 200, headers, "application/pdf")


async def ask_revoke(visit: Visit) -> Response:
    row = await _certificate(visit)
    told = json.loads(row["shown"])
    lines = [
        f"{told['title']}, {told['holder'] or 'holder not shown'}.",
        "Whoever verifies it reads that it was revoked, and why. This cannot be undone; a new one can be issued.",
    ]
    back = f"{_HOME}/{row['code']}"
    asked = ("reason", "Reason, for everybody to read")
    return confirm(visit, "Revoke this certificate?", lines, "Revoke", back, danger=True, asked=asked)


async def revoke(visit: Visit) -> Response:
    row = await _certificate(visit)
    visit, reason = visit.at_site(row["site_id"]), visit.field("reason")
    check("Revoke", {"reason": reason})
    entry = visit.entry("certificate.revoke", row["code"], detail={"reason": reason})
    await changes.revoke(visit.services, visit.scope, row["code"], reason, entry)
    return visit.done("The certificate is revoked.", f"{_HOME}/{row['code']}")


async def ask_reissue(visit: Visit) -> Response:
    row = await _certificate(visit)
    name, variables = await changes.printed(visit.services, row)
    here = f"{_HOME}/{row['code']}"
    return page(visit, _REISSUE, "Correct and reissue", name=name, variables=list(variables.items()), here=here)


async def reissue(visit: Visit) -> Response:
    row = await _certificate(visit)
    name, variables = await changes.printed(visit.services, row)
    given = {key: visit.field(_VARIABLE + key) for key in variables if _VARIABLE + key in visit.fields}
    corrected = {key: value for key, value in given.items() if value != str(variables[key])}
    body: dict[str, Any] = {"name": visit.field("name")} if visit.field("name") != name else {}
    body |= {"variables": corrected} if corrected else {}
    if not body:
        raise invalid("Name", "nothing is different; correct something first")
    check("Reissue", body)
    visit = visit.at_site(row["site_id"])
    # the trail says what was changed, not what it says of the person now
    entry = visit.entry("certificate.reissue", row["code"], detail={"changed": changes.names(body)})
    latest = await changes.reissue(visit.services, visit.scope, row["code"], body, entry)
    return visit.done("This is the new certificate. The old one is superseded.", f"{_HOME}/{latest['code']}")


async def zip_of_job(visit: Visit) -> Response:
    rows = await visit.services.database.all(certificates.page(visit.caller.scope, visit.query("job"), None, None, 1))
    if not rows:
        raise Problem(NOT_FOUND, "There is no certificate of such a job.")
    job = await jobs.find(visit.services, visit.at_site(rows[0]["site_id"]).scope, rows[0]["job_id"])
    headers = {"Content-Disposition": f'attachment; filename="{job["id"]}.zip"'}
    return StreamingResponse(archive(visit.services, job["id"]), 200, headers, "application/zip")


async def _certificate(visit: Visit) -> Row:
    return await changes.find(visit.services, visit.caller.scope, codes.normal(visit.path("code")))


PAGES = (
    Page("GET", _HOME, "any", show_list, "Certificates"),
    Page("GET", f"{_HOME}.zip", "any", zip_of_job, "The valid certificates of a job as one ZIP"),
    Page("GET", f"{_HOME}/{{code}}", "any", show, "A certificate"),
    Page("GET", f"{_HOME}/{{code}}/file", "any", file, "The PDF of a certificate"),
    Page("GET", f"{_HOME}/{{code}}/revoke", "change", ask_revoke, "Ask before a certificate is revoked"),
    Page("POST", f"{_HOME}/{{code}}/revoke", "change", revoke, "Revoke a certificate"),
    Page("GET", f"{_HOME}/{{code}}/reissue", "change", ask_reissue, "Ask what is to be corrected"),
    Page("POST", f"{_HOME}/{{code}}/reissue", "change", reissue, "Reissue a certificate"),
)
