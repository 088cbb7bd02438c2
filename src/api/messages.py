"""A message as it was sent to us, made into the content a job keeps."""

import json
from collections.abc import Mapping
from typing import Any

from api.schemas import MAX_DESIGN_BYTES, MAX_TEMPLATE_BYTES
from api.validation import check_variables, time
from errors import InvalidAddress
from mail import address, headers
from ports import Row
from problems import invalid


def content_of(request: Mapping[str, Any], site: Row) -> dict[str, Any]:
    """With every field there, the site's sender where the message names none, and addresses ready for the wire."""
    certificate = {"certificate": certificate_of(request["certificate"])} if "certificate" in request else {}
    message = request["message"]
    for field in ("html", "text"):
        if len((message.get(field) or "").encode()) > MAX_TEMPLATE_BYTES:
            raise invalid(f"/message/{field}", f"may have {MAX_TEMPLATE_BYTES:,} bytes at most")
    extra = message.get("headers", {})
    headers.check(extra)
    variables = message.get("variables", {})
    check_variables(variables, "/message/variables")
    reply_to = message.get("reply_to")
    return {
        "message": {
            "subject": message["subject"],
            "html": message["html"],
            "text": message.get("text"),
            "from": _mailbox(message.get("from") or _sender(site), "/message/from"),
            "reply_to": reply_to and _mailbox(reply_to, "/message/reply_to"),
            "headers": extra,
            "variables": variables,
        },
        **({"unsubscribe": True} if request.get("unsubscribe") else {}),
        **certificate,
    }


def certificate_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """With every field there and the design itself, so that a later one of the same name changes nothing."""
    design = given["design"]
    if isinstance(design, str):
        from certificates.designs import NAMES, load

        if design not in NAMES:
            raise invalid("/certificate/design", f"there is no such design; there are {', '.join(NAMES)}")
        design = load(design)
    elif len(json.dumps(design, ensure_ascii=False).encode()) > MAX_DESIGN_BYTES:
        raise invalid("/certificate/design", f"may have {MAX_DESIGN_BYTES:,} bytes at most as JSON")
    expires_at = given.get("expires_at")
    return {
        "design": design,
        "award": given["award"],
        "title": given["title"],
        "issuer": given["issuer"],
        "expires_at": time(expires_at, "/certificate/expires_at") if expires_at else None,
        "locale": given.get("locale", "en"),
        "link_days": given.get("link_days", 90),
        "holder": given.get("holder", "full"),
        "delivery": given.get("delivery", "link"),
    }


def check_mailbox(mailbox: Mapping[str, Any], at: str) -> None:
    """Raises where it is none."""
    _mailbox(mailbox, at)


def _sender(site: Row) -> dict[str, Any]:
    if not site["sender_email"]:
        raise invalid("/message/from", "is missing, and the site has no sender of its own")
    return {"email": site["sender_email"], "name": site["sender_name"]}


def _mailbox(mailbox: Mapping[str, Any], at: str) -> dict[str, str]:
    try:
        parsed = address.parse(mailbox["email"], mailbox.get("name", ""))
    except InvalidAddress as error:
        raise invalid(f"{at}/email", error.detail) from None
    return {"email": parsed.email, "name": parsed.name}
