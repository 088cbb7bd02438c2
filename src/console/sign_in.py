"""Signing in to the console and out of it.

The promise: guessing is slow, a wrong secret is told in the same words and the same time whatever it is near to, and
each sign-in leaves a row in the audit trail.
"""

import base64
import hmac
import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.auth import Caller
from console import sessions
from console.frame import page
from console.routing import Page
from console.visit import Visit
from core.errors import RateLimited
from core.problems import Problem
from core.signing import signature
from runtime import rate_limit
from runtime.settings import Settings
from store import audit

_GUEST = "__Host-offload-guest"  # a key for a form's token before there is a session, and our signature of it
_PURPOSE = "console-guest"
_ACCESS_SIGN_OUT = "/cdn-cgi/access/logout"  # answered by Access, not by us
_INSIDE = re.compile(r"/console(/[\w./-]*)?(\?[\w=&%.+-]*)?", re.ASCII)


async def form(visit: Visit) -> Response:
    return _shown(visit, visit.query("next"))


async def sign_in(visit: Visit) -> Response:
    following = visit.field("next")
    if not visit.key:
        return _shown(visit, following, "Your browser did not keep the cookie of this form. Try again.", 403)
    visit.check_form()
    try:
        await rate_limit.check(visit.services.sign_in_limit, "console", visit.address)
        caller = await sessions.authenticate(visit.field("secret"), visit.services)
    except RateLimited:
        return _shown(visit, following, "Too many tries. Wait a minute.", 429)
    except Problem as problem:  # the site is disabled, the token has expired
        return _shown(visit, following, problem.detail, problem.type.status)
    if caller is None:
        return _shown(visit, following, "This secret is not known.", 401)
    return await _signed_in(visit, caller, following)


async def _signed_in(visit: Visit, caller: Caller, following: str) -> Response:
    cookie = base64.urlsafe_b64encode(visit.services.random.token(32)).decode()
    site_id, company = (caller.scope.site_id, caller.scope.company) if caller.scope else (None, None)
    entry = visit.entry("console.sign_in", caller.actor, site_id=site_id, company=company)
    noted = audit.insert(entry._replace(actor=caller.actor, role=caller.role))
    await visit.services.database.batch([sessions.begin(caller, cookie, visit.services), noted])
    response = RedirectResponse(following if _INSIDE.fullmatch(following) else "/console", 303)
    response.delete_cookie(_GUEST, path="/", secure=True, httponly=True, samesite="strict")
    return sessions.set_cookie(response, cookie)


async def sign_out(visit: Visit) -> Response:
    scope = visit.caller.scope
    site_id, company = (scope.site_id, scope.company) if scope else (None, None)
    entry = visit.entry("console.sign_out", visit.caller.actor, site_id=site_id, company=company)
    await visit.services.database.batch([sessions.end(visit.key), audit.insert(entry)])
    following = _ACCESS_SIGN_OUT if visit.key.startswith(sessions.ACCESS) else "/console/sign-in"
    return sessions.delete_cookie(RedirectResponse(following, 303))


def _shown(visit: Visit, following: str, wrong: str = "", status: int = 200) -> Response:
    key = visit.key or visit.services.random.token(16).hex()
    response = page(replace(visit, key=key), "sign_in.html", "Sign in", status, following=following, wrong=wrong)
    kept = _signed(visit.services.settings, key)
    response.set_cookie(_GUEST, kept, max_age=3600, path="/", secure=True, httponly=True, samesite="strict")
    return response


def guest_key(request: Request, settings: Settings) -> str:
    """What signs the form of whoever is not signed in; empty where they bring none that we made."""
    kept = request.cookies.get(_GUEST, "")
    key = kept.partition(".")[0]
    return key if key and hmac.compare_digest(kept.encode(), _signed(settings, key).encode()) else ""


def _signed(settings: Settings, key: str) -> str:
    return f"{key}.{signature(settings.signing_secret, _PURPOSE, key.encode()).hex()}"


PAGES = (
    Page("GET", "/console/sign-in", "public", form, "Sign in"),
    Page("POST", "/console/sign-in", "public", sign_in, "Sign in with the operator's secret or an access token"),
    Page("POST", "/console/sign-out", "any", sign_out, "Sign out"),
)
