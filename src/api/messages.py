"""A message as it was sent to us, made into the content a job keeps."""

import json
from collections.abc import Mapping
from typing import Any

from api.calls import Call
from api.schemas import MAX_DESIGN_BYTES, MAX_TEMPLATE_BYTES
from api.validation import check_variables, time
from core.errors import ConfigurationError, InvalidAddress
from core.problems import invalid
from mail import address, headers, senders
from runtime.ports import Row
from tenancy import companies


async def content_of(call: Call, request: Mapping[str, Any], company_name: str | None) -> dict[str, Any]:
    """With every field there, addresses ready for the wire, and what the company has of its own, as it is now: its
    sender and Reply-To where the message names none, or else the site's. Reply-To is free: one mailbox, often a
    teacher's. Raises `SenderRefused`."""
    company = await companies.of_job(call.services, call.scope.site_id, company_name)
    certificate = {"certificate": certificate_of(request["certificate"], company)} if "certificate" in request else {}
    message = request["message"]
    for field in ("html", "text"):
        if len((message.get(field) or "").encode()) > MAX_TEMPLATE_BYTES:
            raise invalid(f"/message/{field}", f"may have {MAX_TEMPLATE_BYTES:,} bytes at most")
    extra = message.get("headers", {})
    headers.check(extra)
    variables = message.get("variables", {})
    check_variables(variables, "/message/variables")
    reply_to = message.get("reply_to") or (company and _own(company, "reply_to", "reply_to_name"))
    sender = _mailbox(message.get("from") or _sender(call.site, company), "/message/from")
    senders.check(sender["email"], call.site, company if call.scope.company else None)
    return {
        "message": {
            "subject": message["subject"],
            "html": message["html"],
            "text": message.get("text"),
            "from": sender,
            "reply_to": reply_to and _mailbox(reply_to, "/message/reply_to"),
            "headers": extra,
            "variables": variables,
        },
        **({"unsubscribe": True} if request.get("unsubscribe") else {}),
        **({"company": companies.branding(call.services, call.scope.site_id, company)} if company else {}),
        **certificate,
    }


def certificate_of(given: Mapping[str, Any], company: Row | None) -> dict[str, Any]:
    """With every field there and the design itself, in the company's look, so that a later one of the same name changes
    nothing."""
    design = given["design"]
    if isinstance(design, str):
        from certificates.designs import NAMES, load

        if design not in NAMES:
            raise invalid("/certificate/design", f"there is no such design; there are {', '.join(NAMES)}")
        design = load(design)
    elif len(json.dumps(design, ensure_ascii=False).encode()) > MAX_DESIGN_BYTES:
        raise invalid("/certificate/design", f"may have {MAX_DESIGN_BYTES:,} bytes at most as JSON")
    if company:
        design = _branded(design, company)
    expires_at = given.get("expires_at")
    return {
        "design": design,
        "award": given["award"],
        "title": given["title"],
        "issuer": given["issuer"],
        "expires_at": time(expires_at, "/certificate/expires_at") if expires_at else None,
        "locale": given.get("locale", "en"),
        "link_days": int(given.get("link_days", 90)),
        "holder": given.get("holder", "full"),
        "delivery": given.get("delivery", "link"),
    }


def check_mailbox(mailbox: Mapping[str, Any], at: str) -> None:
    """Raises where it is none."""
    _mailbox(mailbox, at)


def _branded(design: Any, company: Row) -> Any:
    try:
        return companies.branded(design, company)
    except ConfigurationError as error:
        raise invalid("/certificate/design", f"{error.setting} {error.detail}") from None


def _sender(site: Row, company: Row | None) -> dict[str, Any]:
    sender = (company and _own(company, "sender_email", "sender_name")) or _own(site, "sender_email", "sender_name")
    if not sender:
        raise invalid("/message/from", "is missing, and the site has no sender of its own")
    return sender


def _own(row: Row, email: str, name: str) -> dict[str, Any] | None:
    return {"email": row[email], "name": row[name]} if row[email] else None


def _mailbox(mailbox: Mapping[str, Any], at: str) -> dict[str, str]:
    try:
        parsed = address.parse(mailbox["email"], mailbox.get("name", ""))
    except InvalidAddress as error:
        raise invalid(f"{at}/email", error.detail) from None
    return {"email": parsed.email, "name": parsed.name}
