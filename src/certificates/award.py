"""What all certificates of a job share: their design, what they certify, and what of it the public is shown.

The promise: checked once a job; no variable of a person or a job replaces what the certificate is about; and the
verification page gets no more of a person than the site chose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from core import times
from core.errors import DesignRefused, TemplateRefused

if TYPE_CHECKING:
    from certificates.design import Design

# The names of a job's certificates that every text of their design knows, besides the design's own.
_ABOUT = frozenset({"ref", "email", "name", "title", "issuer", "award"})
# A plugin of Moodle that issues and verifies codes itself gives them as variables of each person.
CODE, VERIFY_URL = "certificate_code", "certificate_verify_url"


@dataclass(frozen=True)
class CertificateJob:
    site_id: str
    job_id: str
    company: str | None
    design: "Design"
    award: str
    title: str
    issuer: str
    expires_at: int | None
    locale: str
    link_days: int
    holder: str
    attached: bool
    shared: Mapping[str, Any]

    @classmethod
    def load(cls, site_id: str, job_id: str, company: str | None, content: Mapping[str, Any]) -> "CertificateJob":
        """`content` as kept in `job_contents`, its shape already checked. Raises `DesignRefused`."""
        from certificates.design import Design

        given = content["certificate"]
        try:
            design = Design.load(given["design"])
        except TemplateRefused as fault:
            raise DesignRefused(fault.field, fault.detail) from None
        return cls(
            site_id=site_id,
            job_id=job_id,
            company=company,
            design=design,
            award=given["award"],
            title=given["title"],
            issuer=given["issuer"],
            expires_at=given["expires_at"],
            locale=given["locale"],
            link_days=given["link_days"],
            holder=given["holder"],
            attached=given.get("delivery") == "attachment",
            shared=(content.get("message") or {}).get("variables") or {},
        )

    @property
    def variables(self) -> frozenset[str]:
        """The names each person must bring for the paper."""
        supplied = {*_ABOUT, CODE, VERIFY_URL, "expires"} if self.expires_at else {*_ABOUT, CODE, VERIFY_URL}
        return self.design.variables - self.shared.keys() - supplied

    def expires_at_for(self, variables: Mapping[str, Any]) -> int | None:
        """The job's, or the end of the day that is this person's own variable `expires`. Raises `RenderingFailed`."""
        last = None if self.expires_at is not None else _last_day(variables.get("expires"))
        return times.end_of(last) if last else self.expires_at

    def values(self, person: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the paper is filled in with."""
        own = {"ref": person["ref"], "email": person["email"], "name": person["name"], "award": self.award}
        expires = {}
        if self.expires_at:
            expires = {"expires": times.moment(self.expires_at).date().isoformat()}
        elif "expires" in variables:
            last = _last_day(variables["expires"])
            expires = {"expires": last.isoformat() if last else ""}
        return {**self.shared, **variables, **own, **expires, "title": self.title, "issuer": self.issuer}

    def shown(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the verification page tells, and the code on the paper where it is not ours."""
        own = {"code": str(variables[CODE])} if variables.get(CODE) else {}
        holder = {"full": name, "initials": initials(name), "hidden": ""}[self.holder]
        return {"holder": holder, "title": self.title, "issuer": self.issuer, "locale": self.locale, **own}


def initials(name: str) -> str:
    return " ".join(f"{word[0]}." for word in name.split())


def _last_day(expires: Any) -> date | None:
    """None is never; 0 is what Moodle says of it. Raises `RenderingFailed`."""
    if expires in (None, "", "0") or (expires == 0 and expires is not False):
        return None
    from certificates import dates

    return dates.last_day(expires, "expires")
