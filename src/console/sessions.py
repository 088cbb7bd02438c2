"""Who is using the console: whoever signed in with a secret, or comes through the sign-on in front of us.

The promise: a session can do no more than the token it came from and ends with it; its cookie is out of reach of
scripts, of other sites and of plain http; and what is kept of it in the database opens nothing.
"""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from api import auth
from api.auth import Caller
from core.problems import FORBIDDEN, Problem
from core.scope import Scope
from runtime import front
from runtime.ports import Statement
from runtime.services import Services
from runtime.settings import OPERATOR_TOKEN
from store import console_sessions, console_users
from tenancy import access
from tenancy.tokens import hash_of

COOKIE = "__Host-offload"
ACCESS = "access:"  # how the key of a session begins that Access keeps, not we
LASTS = 8 * 3600  # seconds: a working day
ACCESS_LASTS = 31 * 86_400_000  # ms; Access ends its own after a month at most


@dataclass(frozen=True)
class Session:
    """`key` is a secret of its own, which its forms are signed with."""

    caller: Caller
    key: str


async def current(request: Request, services: Services) -> Session | None:
    """The session of a request, if somebody is signed in. Raises an `AccessRefused`, or a `Problem` for whom Access
    knows and we do not."""
    if cookie := request.cookies.get(COOKIE):
        caller = await _of_cookie(cookie, services)
        if caller:
            return Session(caller, cookie)
    if services.settings.access and (token := front.access_token(request)):
        return await _of_access(token, services)
    return None


async def authenticate(secret: str, services: Services) -> Caller | None:
    """Whose secret it is: the operator's, or a token's. None where it is nobody's."""
    if auth.is_operators(secret, services.settings.optional(OPERATOR_TOKEN)):
        return auth.OPERATOR
    return await auth.holder(hash_of(secret), services)


def begin(caller: Caller, cookie: str, services: Services) -> Statement:
    """Keeps the session of a cookie that is about to be set."""
    operator = caller is auth.OPERATOR
    now = services.clock.now()
    return console_sessions.insert(
        _hash(cookie),
        None if operator else caller.actor,
        _operator_hash(services) if operator else None,
        now,
        now + LASTS * 1000,
    )


def end(cookie: str) -> Statement:
    return console_sessions.delete(_hash(cookie))


def set_cookie(response: Response, cookie: str) -> Response:
    response.set_cookie(COOKIE, cookie, max_age=LASTS, path="/", secure=True, httponly=True, samesite="strict")
    return response


def delete_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def _of_cookie(cookie: str, services: Services) -> Caller | None:
    rows = await services.database.all(console_sessions.find(_hash(cookie), services.clock.now()))
    if not rows:
        return None
    if operator_hash := rows[0]["operator_hash"]:
        return auth.OPERATOR if hmac.compare_digest(operator_hash, _operator_hash(services)) else None
    return await auth.holder(rows[0]["token_hash"], services)


async def _of_access(token: str, services: Services) -> Session:
    email = await access.identify(services, token)
    rows = await services.database.all(console_users.find(email))
    if not rows or rows[0]["disabled_at"] is not None:
        raise Problem(FORBIDDEN, f"{email} may not use this console. The operator can let you in under Console users.")
    row = rows[0]
    scope = Scope(row["site_id"], row["company"]) if row["site_id"] else None
    return Session(Caller(row["role"], email, scope), ACCESS + await _form_key(token, services))


async def _form_key(token: str, services: Services) -> str:
    """What is kept for a session of Access; made when its first page is shown."""
    hash = _hash(token)
    kept = await services.database.all(console_sessions.form_key(hash))
    if not kept:
        made, until = services.random.token(32).hex(), services.clock.now() + ACCESS_LASTS
        keep = console_sessions.keep_form_key(hash, made, until)
        _, kept = await services.database.batch([keep, console_sessions.form_key(hash)])
    return str(kept[0]["form_key"])


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _operator_hash(services: Services) -> str:
    """Changes with the operator's secret, and with nothing else."""
    return _hash("console:" + services.settings.optional(OPERATOR_TOKEN))
