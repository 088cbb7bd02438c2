"""The public routes behind a mail's unsubscribe link (RFC 8058).

The promise: looking changes nothing, since mail scanners follow links; one POST is enough, with no redirect, cookie or
question after it; and whatever goes wrong is told as a page for people.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.arriving import pieces
from api.calls import Call, Operation
from core.errors import ConfigurationError, RateLimited, Unavailable
from core.log import log
from pages import words
from pages.base import security_policy
from pages.unsubscribe import notice, standing
from pages.words import Language
from runtime.ports import Row
from suppressions import unsubscribe
from suppressions.unsubscribe import Choice, Reference

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_LONGEST_BODY = 4_000  # bytes; what browsers and mail providers send has less than 300
_NAME = re.compile(r'name="([^"\r\n]*+)"')


async def show(call: Call) -> Response:
    return await _answer(call, None)


async def act(call: Call) -> Response:
    return await _answer(call, await _fields(call.request))


async def _answer(call: Call, fields: Mapping[str, str] | None) -> Response:
    """`fields`: what was posted, if it was."""
    language = words.asked_for(call.request.headers.get("accept-language", ""))
    told = language.unsubscribe
    try:
        reference = unsubscribe.read(call.services.settings, call.path("token"))
        if reference is None:
            return _page(language, notice(language, told.unknown_title, told.unknown), 404)
        subscriber = await unsubscribe.find(call.services, reference)
        if subscriber is None:
            return _page(language, notice(language, told.old_title, told.old), 410)
        if fields is None:
            return _page(language, standing(language, subscriber))
        return await _chosen(call, language, reference, subscriber, _choice(fields))
    except RateLimited:
        return _page(language, notice(language, told.busy_title, told.busy), 429, {"Retry-After": "60"})
    except (Unavailable, ConfigurationError) as error:
        log("error", "unsubscribing failed", reason=type(error).__name__)
        return _page(language, notice(language, told.busy_title, told.busy), 503, {"Retry-After": "60"})


async def _chosen(
    call: Call, language: Language, reference: Reference, subscriber: Row, choice: Choice | None
) -> Response:
    if choice is None:
        return _page(language, standing(language, subscriber, nothing=True), 400)
    await unsubscribe.choose(call.services, reference, subscriber, choice, call.address)
    after = await unsubscribe.find(call.services, reference) or subscriber
    undone = choice is Choice.UNDO and not (after["all_stopped"] or after["category_stopped"])
    return _page(language, standing(language, after, undone=undone))


def _choice(fields: Mapping[str, str]) -> Choice | None:
    if fields.get("List-Unsubscribe") == "One-Click":
        return Choice.CATEGORY
    choice = fields.get("choice")
    return Choice(choice) if choice in list(Choice) else None


async def _fields(request: Request) -> dict[str, str]:
    """Of a form, in either of its encodings (RFC 8058 wants both); nothing where it is none of ours."""
    body = bytearray()
    async for piece in pieces(request):
        body += piece
        if len(body) > _LONGEST_BODY:
            return {}
    if request.headers.get("content-type", "").lower().startswith(MULTIPART):
        return dict(_parts(body.decode("latin-1")))
    return {name: values[0].strip() for name, values in parse_qs(body.decode("latin-1")).items()}


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of each part of a form that ends with a boundary."""
    for part in text.split("\r\n--")[:-1]:
        head, _, value = part.partition("\r\n\r\n")
        if named := _NAME.search(head):
            yield named[1], value.strip()


def _page(language: Language, page: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    fixed = {
        "Content-Security-Policy": security_policy(),
        "Content-Language": language.code,
        "Vary": "Accept-Language",
    }
    return HTMLResponse(page, status, {**fixed, **(headers or {})})


_PATH = "/u/{token}"

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        "public",
        show,
        "The page behind a mail's unsubscribe link; changes nothing",
        {200: None, 404: None, 410: None, 503: None},
        page=True,
    ),
    Operation(
        "POST",
        _PATH,
        "public",
        act,
        "Unsubscribe with one click (RFC 8058), or as the page's form says",
        {200: None, 400: None, 404: None, 410: None, 429: None, 503: None},
        bodies={FORM: "UnsubscribeForm", MULTIPART: "UnsubscribeForm"},
        page=True,
    ),
)
