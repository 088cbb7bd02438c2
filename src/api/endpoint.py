"""One address as ASGI: its methods, the request's number, the headers of every answer, and what becomes of an error.

The promise: no error reaches the caller as a stack trace, and no unexpected one stays unlogged.
"""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.errors import OffloadError
from core.log import log, place_of
from core.problems import METHOD_NOT_ALLOWED, Problem, internal, problem_of
from runtime import front
from runtime.services import Services

SERVICES = "offload.services"  # their place in the ASGI scope
# of every answer that does not say otherwise: docs/security.md
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


class ExactRoute(Route):
    """Starlette's own pattern ends with `$`, which takes a line break (%0A) at the end for none."""

    def __init__(self, path: str, endpoint: Callable[..., Any], methods: Collection[str] | None = None) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")


class Endpoint:
    """What one address answers to each method; HEAD is GET without the body."""

    def __init__(self, methods: Iterable[str]) -> None:
        methods = {*methods}
        self.allow = ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, services = Request(scope, receive, send), scope[SERVICES]
        request_id = front.request_id(request) or services.random.token(8).hex()
        try:
            response = await self.answer(request, services)
        except OffloadError as error:
            response = self.refuse(request, _told(error, request_id), request_id)
        except ClientDisconnect:
            return
        except Exception as error:
            response = self.refuse(request, _unexpected(error, request_id), request_id)
        for name, value in {"X-Request-Id": request_id, **HEADERS}.items():
            response.headers.setdefault(name, value)
        if request.method == "HEAD":
            response = _without_body(response)
        await response(scope, receive, send)

    async def answer(self, request: Request, services: Services) -> Response:
        raise NotImplementedError

    def refuse(self, request: Request, problem: Problem, request_id: str) -> Response:
        raise NotImplementedError

    def method_of(self, request: Request) -> str:
        return "GET" if request.method == "HEAD" else request.method

    def not_allowed(self) -> Problem:
        return Problem(METHOD_NOT_ALLOWED, f"Use {self.allow} here.", headers={"Allow": self.allow})


def _told(error: OffloadError, request_id: str) -> Problem:
    problem = problem_of(error)
    if problem.type.status >= 500 and not isinstance(error, Problem):
        log("error", "request failed", reason=f"{type(error).__name__} in {request_id}")
    return problem


def _unexpected(error: Exception, request_id: str) -> Problem:
    place = place_of(error)
    log("error", "request broke", reason=f"{place} in {request_id}")
    return internal()


def _without_body(response: Response) -> Response:
    bodiless = Response(status_code=response.status_code)
    bodiless.raw_headers = response.raw_headers
    return bodiless
