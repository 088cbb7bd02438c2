"""A mail or a certificate for one person, rendered as the job would, and neither sent nor kept."""

import base64
from typing import Any

from starlette.responses import Response

from api import people, scopes
from api.bodies import JSON, read_json
from api.calls import Call, Operation, answer
from api.messages import certificate_of, content_of
from api.validation import check
from core import problems
from core.problems import invalid
from mail.compose import MailJob
from mail.message import Address
from tenancy import companies

PDF = "application/pdf"
_CODE = "0" * 16  # nobody's


async def preview(call: Call) -> Response:
    body = await read_json(call.request)
    check("PreviewRequest", body)
    [person] = people.of_list([body["recipient"]], "/recipient")
    company = scopes.named_company(call, body.get("company"))
    if "certificate" not in body:
        if "message" not in body:
            raise invalid("/message", "is missing")
        return answer(await _mail(call, body, company, person))
    pdf, supplied = await _certificate(call, body, company, person)
    if PDF in call.request.headers.get("accept", ""):
        return Response(pdf, media_type=PDF)
    supplied_person = {**person, "variables": {**person["variables"], **supplied}}
    mail = await _mail(call, body, company, supplied_person) if "message" in body else None
    return answer({"pdf": base64.b64encode(pdf).decode(), "mail": mail})


async def _mail(call: Call, body: dict[str, Any], company: str | None, person: people.Person) -> dict[str, Any]:
    job = MailJob.load(call.scope.site_id, "preview", "preview", await content_of(call, body, company))
    url = f"{call.services.settings.public_url}/u/preview" if job.unsubscribe else ""
    mail = job.mail_for(person["ref"], person["email"], person["name"], person["variables"], url)
    return {
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "from": _mailbox(mail.sender),
        "to": _mailbox(mail.to),
        "reply_to": mail.reply_to and _mailbox(mail.reply_to),
        "headers": {**mail.headers, "Message-ID": mail.message_id},
    }


async def _certificate(
    call: Call, body: dict[str, Any], company: str | None, person: people.Person
) -> tuple[bytes, dict[str, str]]:
    """The file, and what a mail would be given to say of it."""
    from certificates.award import CertificateJob
    from certificates.issuing import Issuing
    from certificates.issuing import check as check_job

    variables = body.get("message", {}).get("variables", {})
    owner = await companies.of_job(call.services, call.scope.site_id, company)
    content = {"message": {"variables": variables}, "certificate": certificate_of(body["certificate"], owner)}
    job = CertificateJob.load(call.scope.site_id, "preview", company, content)
    await check_job(call.services, job)
    issuing = Issuing(call.services, job, call.now)
    pdf = await issuing.render(person, person["variables"], _CODE)
    printed, verify_url = issuing.printed(person["variables"], _CODE)
    link = f"{call.services.settings.public_url}/c/preview.pdf"
    return pdf, {"certificate_url": link, "certificate_code": printed, "verify_url": verify_url}


def _mailbox(address: Address) -> dict[str, Any]:
    return {"email": address.email, "name": address.name}


OPERATIONS = (
    Operation(
        "POST",
        "/v1/preview",
        "site",
        preview,
        "Render a message or a certificate for one person, sending and keeping nothing",
        {200: "AnyPreview"},
        bodies={JSON: "PreviewRequest"},
        problems=(problems.TEMPLATE_REFUSED, problems.RECIPIENT_FAULT, problems.NOT_CONFIGURED),
        file=PDF,
    ),
)
