"""The ASGI app: from a request to a route's function, and from any error to a problem.

The promise: every answer is JSON (or the CSV that was asked for) with the request's number and the headers that keep a
browser from making anything of it; no error reaches the caller as a stack trace, and no unexpected one stays unlogged.
"""

import re
import traceback
from collections.abc import Mapping
from pathlib import PurePath

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import authenticate
from api.calls import Call, Operation
from api.openapi import query_names
from api.routes import OPERATIONS
from errors import OffloadError
from log import log
from problems import METHOD_NOT_ALLOWED, NOT_FOUND, Problem, internal, invalid, problem_of
from services import Services

_SERVICES = "offload.services"
_RAY = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


def app(services: Services) -> ASGIApp:
    """The API with these services. Cheap: the routes are put together once, when this module is imported."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await _ROUTER({**scope, _SERVICES: services}, receive, send)

    return serve


class _Resource:
    """What one address answers to each method. HEAD is GET without the body."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self.operations = operations
        methods = {*operations, "HEAD"} if "GET" in operations else {*operations}
        self.allow = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, services = Request(scope, receive, send), scope[_SERVICES]
        request_id = _request_id(request, services)
        try:
            response = await self._answer(request, services)
        except OffloadError as error:
            response = _problem(error, request_id)
        except ClientDisconnect:
            return
        except Exception as error:
            response = _problem(_unexpected(error, request_id), request_id)
        for name, value in {"X-Request-Id": request_id, **_HEADERS}.items():
            response.headers.setdefault(name, value)
        if request.method == "HEAD":
            response = _without_body(response)
        await response(scope, receive, send)

    async def _answer(self, request: Request, services: Services) -> Response:
        operation = self.operations.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            raise Problem(METHOD_NOT_ALLOWED, f"Use {self.allow} here.", headers={"Allow": self.allow})
        caller = await authenticate(request, services, operation.access)
        unknown = request.query_params.keys() - query_names(operation)
        if unknown and not operation.page:  # people's mail programs add parameters of their own
            raise invalid(min(unknown)[:100], "is not a parameter of this address")
        return await operation.handler(Call(request, services, caller))


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    await _Nowhere({})(scope, receive, send)


class _Nowhere(_Resource):
    async def _answer(self, request: Request, services: Services) -> Response:  # noqa: ARG002 - the shape of a resource
        raise Problem(NOT_FOUND, "There is no such address; /openapi.json lists them all.")


def _request_id(request: Request, services: Services) -> str:
    """Cloudflare's own number of the request, which its logs have as well, or one of ours."""
    ray = request.headers.get("cf-ray", "")
    return ray if _RAY.fullmatch(ray) else services.random.token(8).hex()


def _problem(error: OffloadError, request_id: str) -> Response:
    problem = problem_of(error)
    if problem.type.status >= 500 and not isinstance(error, Problem):
        log("error", "request failed", reason=f"{type(error).__name__} in {request_id}")
    body = {
        "type": problem.type.uri,
        "title": problem.type.title,
        "status": problem.type.status,
        "detail": problem.detail,
        "instance": f"urn:offload:request:{request_id}",
    }
    if problem.faults:
        body["errors"] = [{"field": fault.field, "detail": fault.detail} for fault in problem.faults]
    return JSONResponse(body, problem.type.status, problem.headers, "application/problem+json")


def _unexpected(error: Exception, request_id: str) -> Problem:
    # The error's words may hold a person's data: its type and place tell a developer enough.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    log("error", "request broke", reason=f"{type(error).__name__} at {place} in {request_id}")
    return internal()


def _without_body(response: Response) -> Response:
    bodiless = Response(status_code=response.status_code)
    bodiless.raw_headers = response.raw_headers
    return bodiless


def _routes() -> list[Route]:
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, _Resource(operations)) for path, operations in by_path.items()]


_ROUTER = Router(_routes(), redirect_slashes=False, default=_nowhere)
