"""The public routes of certificates: the page that verifies one, and the file behind a signed link.

The promise: anybody may verify, without an account or a script; only a link that we signed and that is still good gives
a file away; and whatever goes wrong is told as a page for people.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.calls import Call, Operation
from certificates import codes, links
from core.errors import ConfigurationError, RateLimited, Unavailable
from core.log import log
from core.states import CertificateState
from pages import verify, words
from pages.base import security_policy
from pages.words import Language
from runtime import rate_limit
from runtime.ports import Row
from store import certificates

PDF = "application/pdf"
_Page = Callable[[Call, Language], Awaitable[Response]]


def _page(answer: _Page) -> Callable[[Call], Awaitable[Response]]:
    """A route that answers in the reader's language, at a reader's pace, whatever happens."""

    @wraps(answer)
    async def route(call: Call) -> Response:
        language = words.asked_for(call.request.headers.get("accept-language", ""))
        busy = language.verify.busy_title, language.verify.busy
        try:
            await rate_limit.check(call.services.page_limit, "page", call.address)
            return await answer(call, language)
        except RateLimited:
            return _html(language, verify.notice(language, *busy), 429, {"Retry-After": "60"})
        except (Unavailable, ConfigurationError) as error:
            log("error", "certificate page failed", reason=type(error).__name__)
            return _html(language, verify.notice(language, *busy), 503, {"Retry-After": "60"})

    return route


@_page
async def form(call: Call, language: Language) -> Response:
    typed = call.request.query_params.get("code", "").strip()
    if not typed:
        return _html(language, verify.form(language))
    code = codes.parse(typed)
    if code is None:
        return _html(language, verify.mistyped(language, typed), 404)
    return RedirectResponse(f"/verify/{code}", 303)  # an address that can be kept and passed on


@_page
async def verdict(call: Call, language: Language) -> Response:
    typed = call.path("code")
    code = codes.parse(typed)
    if code is None:
        return _html(language, verify.mistyped(language, typed), 404)
    certificate = await _find(call, code)
    if certificate is None:
        return _html(language, verify.unknown(language, code), 404)
    fingerprint = call.request.query_params.get("sha256", "")
    return _html(language, verify.verdict(language, certificate, call.now, fingerprint))


@_page
async def file(call: Call, language: Language) -> Response:
    told, code = language.verify, call.path("code")
    ends, signed = (call.request.query_params.get(name, "")[:100] for name in ("exp", "sig"))
    certificate = await _find(call, code) if links.is_ours(call.services.settings, code, ends, signed) else None
    if certificate is None:
        return _html(language, verify.notice(language, told.link_wrong_title, told.link_wrong), 404)
    issuer = json.loads(certificate["shown"])["issuer"]
    if int(ends) * 1000 <= call.now:
        page = verify.notice(language, told.link_expired_title, told.link_expired, issuer, code, mails=True)
        return _html(language, page, 410)
    latest = await _latest(call, certificate)
    stored = await call.services.files.get(latest["file"]) if latest["state"] == CertificateState.VALID else None
    if stored is None:
        page = verify.notice(language, told.withdrawn_title, told.withdrawn, issuer, code)
        return _html(language, page, 410)
    return Response(
        stored.data,
        media_type=PDF,
        headers={
            "Content-Disposition": f'inline; filename="{latest["code"]}.pdf"',
            "Content-Security-Policy": "frame-ancestors 'none'",  # a browser's own viewer wants its own styles
            "X-Robots-Tag": "noindex",
        },
    )


@_page
async def mail_link(call: Call, language: Language) -> Response:
    """The mail leaves after the answer, which tells nobody whether there is one, not even by the time it takes."""
    from pages import new_link

    code = codes.parse(call.path("code"))
    if code is None:
        return _html(language, verify.mistyped(language, call.path("code")), 404)
    # as strict as with sign-ins: a school behind one address still gets through
    await rate_limit.check(call.services.sign_in_limit, "link", call.address)
    response = _html(language, verify.asked(language, code))
    response.background = BackgroundTask(new_link.mail, call.services, code, language)
    return response


async def _find(call: Call, code: str) -> Row | None:
    rows = await call.services.database.all(certificates.find(code))
    return rows[0] if rows else None


async def _latest(call: Call, certificate: Row) -> Row:
    """Who holds the link to a certificate that was corrected gets the corrected one."""
    if certificate["state"] != CertificateState.SUPERSEDED:
        return certificate
    site_id, company, award, ref = (certificate[name] for name in ("site_id", "company", "award", "ref"))
    statement = certificates.of_people(site_id, company, award, json.dumps([ref]))
    return (await call.services.database.all(statement))[0]


def _html(language: Language, page: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    fixed = {
        "Content-Security-Policy": security_policy(),
        "Content-Language": language.code,
        "Vary": "Accept-Language",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(page, status, {**fixed, **(headers or {})})


OPERATIONS = (
    Operation(
        "GET",
        "/verify",
        "public",
        form,
        "A form to type a certificate's code into",
        {200: None, 303: None, 404: None, 429: None, 503: None},
        query=("code",),
        page=True,
    ),
    Operation(
        "GET",
        "/verify/{code}",
        "public",
        verdict,
        "The page that says whether a certificate is valid",
        {200: None, 404: None, 429: None, 503: None},
        query=("sha256",),
        page=True,
    ),
    Operation(
        "POST",
        "/verify/{code}/link",
        "public",
        mail_link,
        "Mail a new link to the holder, once an hour; the answer is the same whether or not there is one",
        {200: None, 404: None, 429: None, 503: None},
        page=True,
    ),
    Operation(
        "GET",
        "/c/{code}.pdf",
        "public",
        file,
        "A certificate's file, behind a signed link",
        {200: None, 404: None, 410: None, 429: None, 503: None},
        query=("exp", "sig"),
        page=True,
        file=PDF,
    ),
)
