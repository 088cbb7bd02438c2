"""A mail for one person, rendered as the job would send it, and not sent."""

from typing import Any

from starlette.responses import Response

import problems
from api import people
from api.bodies import JSON, read_json
from api.calls import Call, Operation, answer
from api.messages import content_of
from api.validation import check
from mail.compose import MailJob
from mail.message import Address


async def preview(call: Call) -> Response:
    body = await read_json(call.request)
    check("PreviewRequest", body)
    [person] = people.of_list([body["recipient"]], "/recipient")
    job = MailJob.load(call.scope.site_id, "preview", "preview", content_of(body, call.site))
    url = f"{call.services.settings.public_url}/u/preview" if job.unsubscribe else ""
    mail = job.mail_for(person["ref"], person["email"], person["name"], person["variables"], url)
    return answer(
        {
            "subject": mail.subject,
            "html": mail.html,
            "text": mail.text,
            "from": _mailbox(mail.sender),
            "to": _mailbox(mail.to),
            "reply_to": mail.reply_to and _mailbox(mail.reply_to),
            "headers": {**mail.headers, "Message-ID": mail.message_id},
        }
    )


def _mailbox(address: Address) -> dict[str, Any]:
    return {"email": address.email, "name": address.name}


OPERATIONS = (
    Operation(
        "POST",
        "/v1/preview",
        "site",
        preview,
        "Render a message for one person, sending nothing",
        {200: "Preview"},
        bodies={JSON: "PreviewRequest"},
        problems=(problems.TEMPLATE_REFUSED, problems.RECIPIENT_FAULT, problems.NOT_CONFIGURED),
    ),
)
