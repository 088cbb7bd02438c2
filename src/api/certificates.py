"""Routes of certificates: look them up, revoke and reissue them, make a new link, fetch a job's as one archive."""

from typing import Any

from starlette.responses import Response, StreamingResponse

from api import present, query
from api.bodies import JSON, read_body, read_optional_body
from api.calls import Call, Operation, answer
from api.validation import check_variables
from certificates import changes, codes, links
from certificates.archive import archive
from core import problems
from core.errors import CertificateEnded, HolderForgotten
from core.states import CertificateState
from jobs import actions as jobs
from runtime.ports import Row
from store import audit, certificates

ZIP = "application/zip"
LINK_DAYS = 90


async def list_certificates(call: Call) -> Response:
    limit = query.limit(call)
    chosen = (query.text(call, "job"), query.text(call, "ref"), query.time_cursor(call))
    rows = await call.services.database.all(certificates.page(call.scope, *chosen, limit + 1))
    rows, following = query.page(rows, limit, "issued_at", "code")
    return answer({"certificates": [_shown(call, row) for row in rows], "next": following})


async def show(call: Call) -> Response:
    return answer(_shown(call, await changes.find(call.services, call.scope, _code(call))))


async def revoke(call: Call) -> Response:
    body = await read_body(call.request, "Revoke")
    code, reason = _code(call), body["reason"]
    entry = call.entry("certificate.revoke", code)
    return answer(_shown(call, await changes.revoke(call.services, call.scope, code, reason, entry)))


async def reissue(call: Call) -> Response:
    body = await read_body(call.request, "Reissue")
    check_variables(body.get("variables", {}), "/variables")
    code = _code(call)
    # the trail says what was changed, not what it says of the person now
    entry = call.entry("certificate.reissue", code, detail={"changed": changes.names(body)})
    row = await changes.reissue(call.services, call.scope, code, body, entry)
    return answer(_shown(call, row), 201)


async def link(call: Call) -> Response:
    body = await read_optional_body(call.request, "NewLink")
    row = await changes.find(call.services, call.scope, _code(call))
    if row["state"] == CertificateState.REVOKED:
        raise CertificateEnded(row["state"])
    if row["erased_at"] is not None:
        raise HolderForgotten(row["code"])
    until = call.now + int(body.get("days", LINK_DAYS)) * links.DAY  # 7.0 is a whole number in JSON
    url = links.download_url(call.services.settings, row["code"], until)
    entry = call.entry(
        *("certificate.link", row["code"]),
        site_id=row["site_id"],
        company=row["company"],
        detail={"until": present.time(until)},
    )
    await call.services.database.batch([audit.insert(entry)])
    return answer({"url": url, "expires_at": present.time(until // 1000 * 1000)}, 201)


async def zip_of_job(call: Call) -> Response:
    job = await jobs.find(call.services, call.scope, call.path("job"))
    headers = {"Content-Disposition": f'attachment; filename="{job["id"]}.zip"'}
    return StreamingResponse(archive(call.services, job["id"]), 200, headers, ZIP)


def _code(call: Call) -> str:
    return codes.normal(call.path("code"))


def _shown(call: Call, row: Row) -> dict[str, Any]:
    return present.certificate(row, links.verify_url(call.services.settings.public_url, row["code"]))


_ID = "/v1/certificates/{code}"
_ONE = (problems.UNKNOWN_CERTIFICATE, problems.NOT_CONFIGURED)
_CHANGE = (*_ONE, problems.CERTIFICATE_ENDED)

OPERATIONS = (
    Operation(
        "GET",
        "/v1/certificates",
        "site",
        list_certificates,
        "List certificates, newest first",
        {200: "Certificates"},
        query=("job", "ref", "cursor", "limit"),
        problems=(problems.NOT_CONFIGURED,),
    ),
    Operation("GET", _ID, "site", show, "Show a certificate", {200: "Certificate"}, problems=_ONE),
    Operation(
        "POST",
        f"{_ID}/revoke",
        "site",
        revoke,
        "Revoke a certificate, with a reason that everybody can read",
        {200: "Certificate"},
        bodies={JSON: "Revoke"},
        problems=_CHANGE,
    ),
    Operation(
        "POST",
        f"{_ID}/reissue",
        "site",
        reissue,
        "Replace a certificate by one with corrected data; mails nobody",
        {201: "Certificate"},
        bodies={JSON: "Reissue"},
        problems=(*_CHANGE, problems.HOLDER_FORGOTTEN, problems.RECIPIENT_FAULT, problems.TEMPLATE_REFUSED),
    ),
    Operation(
        "POST",
        f"{_ID}/link",
        "site",
        link,
        "Make a new link to the file, for its holder",
        {201: "Link"},
        bodies={JSON: "NewLink"},
        body_required=False,
        problems=(*_CHANGE, problems.HOLDER_FORGOTTEN),
    ),
    Operation(
        "GET",
        "/v1/jobs/{job}/certificates.zip",
        "site",
        zip_of_job,
        "The valid certificates of a job's people as one ZIP, streamed",
        {200: None},
        problems=(problems.UNKNOWN_JOB,),
        file=ZIP,
    ),
)
