"""Who is calling: a bearer token of a site, of one of its companies, or the operator's.

The promise: a token opens its own site or company and nothing else, and a read-only one changes nothing there; tokens
are compared as hashes, so that neither the database nor the time it takes to refuse tells one.
"""

import hmac
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from core.errors import ConfigurationError
from core.problems import FORBIDDEN, NO_OPERATOR, SITE_DISABLED, UNAUTHENTICATED, Problem
from core.scope import Scope
from runtime import front, rate_limit
from runtime.ports import Row
from runtime.services import Services
from store import tokens
from tenancy.tokens import hash_of

# `either`: a site's tokens for what is theirs, the operator's for everything
Access = Literal["public", "site", "operator", "either"]
Role = Literal["public", "operator", "site", "company", "read_only"]
LOOKING = ("GET", "HEAD")
SHORTEST_OPERATOR_TOKEN = 24


@dataclass(frozen=True)
class Caller:
    """`actor` is what the audit trail calls them; `scope` what they may see (None: everything); `site` the row of the
    token's site."""

    role: Role
    actor: str
    scope: Scope | None = None
    site: Row | None = None

    @property
    def may_change(self) -> bool:
        return self.role != "read_only"


PUBLIC = Caller("public", "public")
OPERATOR = Caller("operator", "operator")


async def authenticate(request: Request, services: Services, access: Access) -> Caller:
    """The caller, if they may use a route with this `access` and the request's method."""
    try:
        caller = await _caller(request, services, access)
    except Problem as problem:
        if problem.type is UNAUTHENTICATED:
            await rate_limit.check(services.sign_in_limit, "token", front.address(request))
        raise
    if not caller.may_change and request.method not in LOOKING:
        raise Problem(FORBIDDEN, "This token may only look: it is read-only.")
    return caller


async def _caller(request: Request, services: Services, access: Access) -> Caller:
    if access == "public":
        return PUBLIC
    token = _bearer_token(request)
    if access == "operator":
        return await _operator(token, services)
    if access == "either" and is_operators(token, services.settings.optional("OPERATOR_TOKEN")):
        return OPERATOR
    return await _site(token, services)


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthenticated("Send a token in the header 'Authorization: Bearer <token>'.")
    return token.strip()


async def _operator(token: str, services: Services) -> Caller:
    if is_operators(token, _operator_token(services)):
        return OPERATOR
    await _site(token, services)  # raises where it is no token at all
    raise Problem(FORBIDDEN, "Only the operator's token may do that; this one belongs to a site.")


def is_operators(token: str, expected: str) -> bool:
    return len(expected) >= SHORTEST_OPERATOR_TOKEN and hmac.compare_digest(hash_of(token), hash_of(expected))


def _operator_token(services: Services) -> str:
    try:
        token = services.settings.text("OPERATOR_TOKEN")
    except ConfigurationError:
        token = ""
    if len(token) < SHORTEST_OPERATOR_TOKEN:
        fault = f"{SHORTEST_OPERATOR_TOKEN} characters or more are needed" if token else "is not set"
        raise Problem(NO_OPERATOR, f"OPERATOR_TOKEN {fault}: {services.settings.how_to_set('OPERATOR_TOKEN')}.")
    return token


async def _site(token: str, services: Services) -> Caller:
    caller = await holder(hash_of(token), services)
    if caller is None:
        if hmac.compare_digest(hash_of(token), hash_of(services.settings.optional("OPERATOR_TOKEN"))):
            raise Problem(FORBIDDEN, "This needs the token of a site; the operator's token only manages sites.")
        raise _unauthenticated("This token is not known.", "invalid_token")
    return caller


async def holder(token_hash: str, services: Services) -> Caller | None:
    """Whoever holds the token with this hash. Raises a `Problem` where it has expired or its site is disabled."""
    rows = await services.database.all(tokens.bearer(token_hash, services.clock.now()))
    if not rows:
        return None
    row = rows[0]
    if row["expired"]:
        raise _unauthenticated("This token has expired.", "invalid_token")
    if row["disabled_at"] is not None:
        raise Problem(SITE_DISABLED, "The operator has disabled this site. Nothing of it is lost.")
    company = row["company"]
    role: Role = "read_only" if row["read_only"] else "company" if company else "site"
    return Caller(role, row["token_id"], Scope(row["id"], company), row)


def _unauthenticated(detail: str, error: str = "") -> Problem:
    challenge = 'Bearer realm="offload"' + (f', error="{error}"' if error else "")
    return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})
