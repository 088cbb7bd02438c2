"""The console as ASGI: who is there, whether they may, and any error as a page.

The promise: nobody who is not signed in sees anything but the form to sign in; nothing is changed by a form that is
not of the session or comes from another website, nor by whoever may only look; and nothing is read of a body before it
is known whose it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.auth import LOOKING, PUBLIC
from api.endpoint import HEADERS, Endpoint, ExactRoute
from console import frame, origin, sessions, sign_in
from console.routes import PAGES
from console.routing import ROLES, Page
from console.visit import LONGEST_FORM, LONGEST_OF_GUESTS, Visit, read_form
from core.problems import FORBIDDEN, NOT_FOUND, Problem
from runtime.services import Services


class _ConsoleEndpoint(Endpoint):
    def __init__(self, pages: Mapping[str, Page]) -> None:
        super().__init__(pages)
        self.pages = pages

    async def answer(self, request: Request, services: Services) -> Response:
        if request.method not in LOOKING:
            origin.check(request, services.settings)
        page = self.pages.get(self.method_of(request))
        if page is None:
            raise self.not_allowed()
        if page.access == "public":
            return await _to_guest(request, services, page)
        session = await sessions.current(request, services)
        if session is None:
            return _to_sign_in(request)
        visit = Visit(request, services, session.caller, session.key, {})
        request.state.visit = visit
        if visit.caller.role not in ROLES[page.access]:
            raise Problem(FORBIDDEN, "Your role does not allow that.")
        if page.method == "POST":
            visit = replace(visit, fields=await read_form(request, LONGEST_FORM))
            visit.check_form()
        return await page.handler(visit)

    def refuse(self, request: Request, problem: Problem, request_id: str) -> Response:
        visit: Visit | None = getattr(request.state, "visit", None)
        kind = problem.type
        response = frame.problem(
            visit, kind.title, problem.detail, kind.status, faults=problem.faults, request_id=request_id
        )
        response.headers.update(problem.headers)
        return response


class _Nowhere(_ConsoleEndpoint):
    async def answer(self, request: Request, services: Services) -> Response:
        if request.method not in LOOKING:
            origin.check(request, services.settings)
        session = await sessions.current(request, services)
        if session is None:
            return _to_sign_in(request)
        request.state.visit = Visit(request, services, session.caller, session.key, {})
        raise Problem(NOT_FOUND, "The console has no such page.")


async def _to_guest(request: Request, services: Services, page: Page) -> Response:
    key = sign_in.guest_key(request, services.settings)
    fields = await read_form(request, LONGEST_OF_GUESTS) if key and page.method == "POST" else {}
    return await page.handler(Visit(request, services, PUBLIC, key, fields))


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    following = f"?next={quote(asked)}" if request.method in ("GET", "HEAD") and asked != "/console" else ""
    return RedirectResponse(f"/console/sign-in{following}", 303)


async def _asset(request: Request) -> Response:
    content, kind = frame.ASSETS[request.url.path]
    headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, headers=headers, media_type=kind)


def routes() -> list[Route]:
    by_path: dict[str, dict[str, Page]] = {}
    for page in PAGES:
        by_path.setdefault(page.path, {})[page.method] = page
    return [
        *(ExactRoute(path, _asset, methods=["GET"]) for path in frame.ASSETS),
        *(ExactRoute(path, _ConsoleEndpoint(pages)) for path, pages in by_path.items()),
        ExactRoute("/console/{rest:path}", _Nowhere({})),
    ]
