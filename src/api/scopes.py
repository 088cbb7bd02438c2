"""Whose data a call is about, where the operator may name a site and a site's token a company of it."""

from api import query
from api.calls import Call
from core import problems
from core.problems import Problem, invalid
from core.scope import Scope
from store import sites


async def of_site(call: Call) -> Scope | None:
    """The caller's own, or that of the site which the operator names; None for an operator who names none."""
    scope, site_id = call.caller.scope, query.text(call, "site")
    if site_id is None:
        return scope
    if scope is not None:
        raise invalid("site", "is for the operator; a token of a site sees that site only")
    if not await call.services.database.all(sites.find(site_id)):
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return Scope(site_id)


async def of_company(call: Call) -> Scope | None:
    """The same, narrowed to the company that is named."""
    scope, company = await of_site(call), query.text(call, "company")
    if company is None:
        return scope
    if scope is None:
        raise invalid("company", "needs the `site` that it belongs to")
    if scope.company not in (None, company):
        raise invalid("company", "there is no such company for this token")
    return Scope(scope.site_id, company)


def named_company(call: Call, company: str | None) -> str | None:
    """Of what a body creates: a company's token speaks for its company, and does not learn whether there are others."""
    own = call.scope.company
    if own is not None and company not in (None, own):
        raise invalid("/company", "there is no such company for this token")
    return own or company
