"""Routes of companies: what one has of its own, and the public address of its logo.

The promise: a site's tokens and the operator set everything; a company's token sees its own settings and sets what is
its own business, the address for answers and its look. Another company looks like one without settings.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api import present, query, scopes
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from api.messages import check_mailbox
from api.validation import is_company
from core import problems
from core.errors import ConfigurationError, SenderRefused, UnknownCompany
from core.problems import Problem, invalid
from core.scope import Scope
from mail import senders
from runtime.ports import Parameter
from store import companies as rows
from store.companies import OWN
from tenancy import companies, logos, sites

_OF_SITE = {"from": "The sender", "send_rate": "The send rate"}


async def list_companies(call: Call) -> Response:
    scope, limit = await _scope(call), query.limit(call)
    [after] = query.texts_cursor(call, 1) or ("",)
    found = await call.services.database.all(rows.page(scope, after, limit + 1))
    found, following = query.page(found, limit, "company")
    return answer({"companies": [present.company(row) for row in found], "next": following})


async def show(call: Call) -> Response:
    return answer(present.company(await companies.find(call.services, *await _one(call))))


async def change(call: Call) -> Response:
    body = await read_body(call.request, "CompanySettings")
    site_id, company = await _one(call)
    settings = await settings_of(call, site_id, company, body)
    entry = call.entry("company.change", company, site_id=site_id, company=company, detail=settings)
    return answer(present.company(await companies.change(call.services, site_id, company, settings, entry)))


async def remove(call: Call) -> Response:
    site_id, company = await _one(call)
    if call.caller.role == "company":
        raise Problem(problems.FORBIDDEN, "Only a token of the site, or the operator's, takes all settings away.")
    await companies.remove(call.services, site_id, company, call.entry("company.delete", company, site_id=site_id))
    return Response(status_code=204)


async def logo(call: Call) -> Response:
    found = logos.read(call.services.settings, call.path("token"))
    picture = found and await logos.fetch(call.services, found)
    if not picture:
        raise Problem(problems.NOT_FOUND, "There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Cross-Origin-Resource-Policy": "cross-origin",  # mail read in a browser shows it
    }
    return Response(picture.data, 200, headers, picture.content_type)


async def _scope(call: Call) -> Scope:
    scope = await scopes.of_site(call)
    if scope is None:
        raise invalid("site", "is needed with the operator's token")
    return scope


async def _one(call: Call) -> tuple[str, str]:
    """The site and the company that the address names, where the caller may know of it."""
    scope, company = await _scope(call), call.path("company")
    if scope.company not in (None, company) or not is_company(company):
        raise UnknownCompany(company)
    return scope.site_id, company


async def settings_of(call: Call, site_id: str, company: str, body: Mapping[str, Any]) -> dict[str, Parameter]:
    """By column: all that the caller may set; what is not named goes back to the site's."""
    columns: dict[str, Parameter] = {"logo": body.get("logo"), "colour": body.get("colour")}
    for field, email, name in (("from", "sender_email", "sender_name"), ("reply_to", "reply_to", "reply_to_name")):
        mailbox = body.get(field) or {}
        if mailbox:
            check_mailbox(mailbox, f"/{field}")
        columns |= {email: mailbox.get("email"), name: mailbox.get("name", "")}
    columns["send_rate"] = body.get("send_rate")
    if columns["logo"]:
        await _check_logo(call, site_id, company, body["logo"])
    if call.caller.role != "company":
        if body.get("from"):
            await _check_sender(call, site_id, body["from"]["email"])
        return columns
    for field in _OF_SITE.keys() & body.keys():
        raise Problem(problems.FORBIDDEN, f"{_OF_SITE[field]} of a company is set by its site. Leave out `{field}`.")
    return {name: columns[name] for name in OWN}


async def _check_sender(call: Call, site_id: str, email: str) -> None:
    try:
        senders.check(email, await sites.find(call.services, site_id))
    except SenderRefused as error:
        raise invalid("/from/email", error.detail) from None


async def _check_logo(call: Call, site_id: str, company: str, logo: str) -> None:
    try:
        await companies.check_logo(call.services, site_id, company, logo)
    except ConfigurationError as error:
        if error.setting.isupper():  # the deployment's own
            raise
        raise invalid("/logo", error.detail) from None


_PATH = "/v1/companies"
_ID = f"{_PATH}/{{company}}"
_SITE = ("site",)
_UNKNOWN = (problems.UNKNOWN_COMPANY, problems.UNKNOWN_SITE)

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        "either",
        list_companies,
        "List the companies that have settings of their own, by name",
        {200: "Companies"},
        query=("site", "cursor", "limit"),
        problems=(problems.UNKNOWN_SITE,),
    ),
    Operation(
        "GET",
        _ID,
        "either",
        show,
        "Show what a company has of its own",
        {200: "Company"},
        query=_SITE,
        problems=_UNKNOWN,
    ),
    Operation(
        "PUT",
        _ID,
        "either",
        change,
        "Set what a company has of its own; what is not named is the site's again",
        {200: "Company"},
        bodies={JSON: "CompanySettings"},
        query=_SITE,
        problems=(*_UNKNOWN, problems.NOT_CONFIGURED),
    ),
    Operation(
        "DELETE",
        _ID,
        "either",
        remove,
        "Take away all that a company has of its own",
        {204: None},
        query=_SITE,
        problems=_UNKNOWN,
    ),
    Operation(
        "GET",
        "/logo/{token}",
        "public",
        logo,
        "A company's uploaded logo, behind the address that its mails have",
        {200: None},
        problems=(problems.NOT_FOUND,),
        file="image/*",
    ),
)
