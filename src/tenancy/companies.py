"""What a company has of its own: its sender, its address for answers, its look and its send rate.

The promise: a job's mails and certificates have of its company what was set when the job was created, whatever becomes
of it later; the send rate alone holds at once, for all jobs of the company together.
"""

import re
from collections.abc import Mapping
from typing import Any

from core import outbound
from core.errors import ConfigurationError, UnknownCompany
from runtime.ports import Parameter, Row
from runtime.services import Services
from store import companies
from store.audit import Entry
from tenancy import logos
from tenancy.logos import Logo

LOGO = "company.logo"  # what a design calls it
_NAMED = re.compile(r"\{\{\s*company\.(name|colour)\s*\}\}")
_NOTHING = dict.fromkeys(companies.SETTABLE) | {"sender_name": "", "reply_to_name": ""}


async def find(services: Services, site_id: str, company: str) -> Row:
    """Raises `UnknownCompany`."""
    rows = await services.database.all(companies.find(site_id, company))
    if not rows:
        raise UnknownCompany(company)
    return rows[0]


async def of_job(services: Services, site_id: str, company: str | None) -> Row | None:
    """What a job of the company starts from, with settings or without; None for a job of the whole site."""
    if company is None:
        return None
    rows = await services.database.all(companies.find(site_id, company))
    return rows[0] if rows else {"company": company, **_NOTHING}


async def change(
    services: Services, site_id: str, company: str, settings: Mapping[str, Parameter], entry: Entry
) -> Row:
    """Set what is named, of a site that is there."""
    note = companies.note_put(entry, site_id, company, settings)
    _, [row] = await services.database.batch([note, companies.put(site_id, company, settings)])
    return row


async def remove(services: Services, site_id: str, company: str, entry: Entry) -> None:
    """It has nothing of its own from now on. Raises `UnknownCompany`."""
    note = companies.note_delete(entry, site_id, company)
    _, rows = await services.database.batch([note, companies.delete(site_id, company)])
    if not rows:
        raise UnknownCompany(company)


async def check_logo(services: Services, site_id: str, company: str, logo: str) -> None:
    """Raises `ConfigurationError` where it is neither a public https URL nor a picture that the company or its site
    uploaded, or where no mail could show that."""
    if _is_url(logo):
        outbound.check(logo, services.settings.local)
        return
    uploaded = Logo(site_id, company, logo)
    if not await logos.is_uploaded(services, uploaded):
        raise ConfigurationError("logo", "is not a picture that was uploaded")
    logos.url(services.settings, uploaded)


def branding(services: Services, site_id: str, company: Row) -> dict[str, str]:
    """What a mail's template knows as `company`. Raises `ConfigurationError`."""
    logo = company["logo"] or ""
    if logo and not _is_url(logo):
        logo = logos.url(services.settings, Logo(site_id, company["company"], logo))
    return {"name": company["company"], "logo": logo, "colour": company["colour"] or ""}


def branded(design: Any, company: Row) -> Any:
    """A certificate's design with the company's look in it. Raises `ConfigurationError` where it lacks what the design
    asks for."""
    match design:
        case dict():
            return {name: branded(value, company) for name, value in design.items()}
        case list():
            return [branded(value, company) for value in design]
        case str() if design == LOGO:
            return _needed("logo", None if _is_url(company["logo"] or "") else company["logo"])
        case str():
            values = {"name": company["company"], "colour": company["colour"]}
            return _NAMED.sub(lambda named: _needed(named[1], values[named[1]]), design)
    return design


def _needed(name: str, value: str | None) -> str:
    if value is None:
        raise ConfigurationError(name, f"is named by the design as company.{name}, and the company has none of its own")
    return value


def _is_url(logo: str) -> bool:
    """Rather than the name of an uploaded picture."""
    return "://" in logo
