"""Certificates: found, looked at, opened, revoked, reissued; those of a job as one archive."""

import json
from typing import Any

from starlette.responses import RedirectResponse, Response, StreamingResponse

from api import query
from api.validation import check
from certificates import changes, codes, links
from certificates.archive import archive
from certificates.standing import standing_of
from console.frame import confirm, page
from console.routing import Page
from console.visit import Visit
from core.problems import NOT_FOUND, Problem, invalid
from core.scope import Scope
from jobs import actions as jobs
from runtime.ports import Row
from store import certificates

LIMIT = 50
_HOME = "/console/certificates"
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
        "certificates.html",
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
        "certificate.html",
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
    entry = visit.entry("certificate.revoke", row["code"])
    await changes.revoke(visit.services, visit.scope, row["code"], reason, entry)
    return visit.done("The certificate is revoked.", f"{_HOME}/{row['code']}")


async def ask_reissue(visit: Visit) -> Response:
    row = await _certificate(visit)
    name, variables = await changes.printed(visit.services, row)
    here = f"{_HOME}/{row['code']}"
    return page(
        visit,
        "certificate_reissue.html",
        "Correct and reissue",
        name=name,
        variables=list(variables.items()),
        here=here,
    )


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
