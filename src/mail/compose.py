"""From a job's content and one person to the finished mail.

The promise: the same person, job and content version give the same mail to the last byte, key and Message-ID
included, on every attempt; so a repeat can be recognised by whoever already has the first one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidAddress, TemplateRefused
from mail import address, headers
from mail.message import Address, OutgoingMail
from mail.template import Template

# Always there, and always about the person: no variable of the same name replaces them.
OWN_NAMES = frozenset({"ref", "email", "name"})
UNSUBSCRIBE_URL = "unsubscribe_url"  # as well, in a job whose mails have an unsubscribe link
COMPANY = "company"  # as well, in a job of a company: its name, logo and colour
# as well, in a job of certificates: they come with each person's variables
CERTIFICATE_NAMES = frozenset({"certificate_url", "certificate_code", "verify_url"})


def idempotency_key(site_id: str, job_id: str, ref: str, version: str) -> str:
    """64 hex digits, the same for every attempt at this content for this person."""
    return hashlib.sha256(json.dumps([site_id, job_id, ref, version]).encode()).hexdigest()


@dataclass(frozen=True)
class MailJob:
    """What all mails of a job share: parsed, checked and compiled once."""

    site_id: str
    job_id: str
    company: str | None
    version: str
    sender: Address
    reply_to: Address | None
    headers: Mapping[str, str]
    shared: Mapping[str, Any]
    template: Template
    unsubscribe: bool
    supplied: frozenset[str]

    @classmethod
    def load(
        cls, site_id: str, job_id: str, version: str, content: Mapping[str, Any], company: str | None = None
    ) -> "MailJob":
        """`content` as kept in `job_contents`, its shape already checked. Raises `TemplateRefused`."""
        message = content["message"]
        extra = dict(message.get("headers") or {})
        unsubscribe = bool(content.get("unsubscribe"))
        headers.check(extra, unsubscribe)
        supplied = OWN_NAMES | ({UNSUBSCRIBE_URL} if unsubscribe else set())
        return cls(
            site_id=site_id,
            job_id=job_id,
            company=company,
            version=version,
            sender=_mailbox("from", message["from"]),
            reply_to=_mailbox("reply_to", message["reply_to"]) if message.get("reply_to") else None,
            headers=extra,
            shared={**_branding(content), **(message.get("variables") or {})},
            template=Template.compile(message["subject"], message["html"], message.get("text")),
            unsubscribe=unsubscribe,
            supplied=supplied | (CERTIFICATE_NAMES if "certificate" in content else set()),
        )

    @classmethod
    def accepted(
        cls, site_id: str, job_id: str, version: str, content: Mapping[str, Any], company: str | None = None
    ) -> "MailJob":
        """Of a job that is under way: a header that an earlier version took, and no list has any more, is left out."""
        message = content["message"]
        listed = {name: value for name, value in (message.get("headers") or {}).items() if headers.is_allowed(name)}
        return cls.load(site_id, job_id, version, {**content, "message": {**message, "headers": listed}}, company)

    @property
    def variables(self) -> frozenset[str]:
        """The names each person must bring: those the template needs and neither the job nor the product supplies."""
        return self.template.variables - self.shared.keys() - self.supplied

    def mail_for(
        self,
        ref: str,
        email: str,
        name: str,
        variables: Mapping[str, Any],
        unsubscribe_url: str = "",
        position: int = 0,
    ) -> OutgoingMail:
        """`unsubscribe_url` is this person's, where the job has the option; `position` their place in it. Raises a
        `RecipientFault`."""
        to = address.parse(email, name)
        own = {"ref": ref, "email": email.strip(), "name": to.name}
        extra = dict(self.headers)
        if self.unsubscribe:
            own[UNSUBSCRIBE_URL] = unsubscribe_url
            extra[headers.UNSUBSCRIBE] = f"<{unsubscribe_url}>"
            extra[headers.UNSUBSCRIBE_POST] = "List-Unsubscribe=One-Click"
        subject, html, text = self.template.render({**self.shared, **variables, **own})
        key = idempotency_key(self.site_id, self.job_id, ref, self.version)
        return OutgoingMail(
            key=key,
            message_id=f"<{key[:32]}@{self.sender.email.rpartition('@')[2]}>",
            sender=self.sender,
            to=to,
            subject=subject,
            html=html,
            text=text,
            reply_to=self.reply_to,
            headers={**extra, headers.REFERENCE: key, headers.JOB: self.job_id},
            reference=f"{self.job_id}-{position}",
        )


def _branding(content: Mapping[str, Any]) -> dict[str, Any]:
    """Below every other variable: a job may have had one of this name since before companies had a look."""
    return {COMPANY: content["company"]} if "company" in content else {}


def _mailbox(field: str, value: Mapping[str, Any]) -> Address:
    try:
        return address.parse(value["email"], value.get("name") or "")
    except InvalidAddress as fault:
        raise TemplateRefused(field, fault.detail) from None
