"""The API as ASGI: from a request to a route's function, and from any error to a problem.

The promise: every answer of the API is JSON, or the file that was asked for, with the request's number and the headers
that keep a browser from making anything of it.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.auth import authenticate
from api.calls import Call, Operation
from api.endpoint import Endpoint, ExactRoute
from api.openapi import query_names
from api.routes import OPERATIONS
from core.problems import NOT_FOUND, Problem, invalid
from runtime.services import Services


class _ApiEndpoint(Endpoint):
    def __init__(self, operations: Mapping[str, Operation]) -> None:
        super().__init__(operations)
        self.operations = operations

    async def answer(self, request: Request, services: Services) -> Response:
        operation = self.operations.get(self.method_of(request))
        if operation is None:
            raise self.not_allowed()
        caller = await authenticate(request, services, operation.access)
        unknown = request.query_params.keys() - query_names(operation)
        if unknown and not operation.page:  # people's mail programs add parameters of their own
            raise invalid(min(unknown)[:100], "is not a parameter of this address")
        return await operation.handler(Call(request, services, caller))

    def refuse(self, request: Request, problem: Problem, request_id: str) -> Response:  # noqa: ARG002 - all endpoints alike
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


class _Nowhere(_ApiEndpoint):
    async def answer(self, request: Request, services: Services) -> Response:  # noqa: ARG002 - the shape of an endpoint
        raise Problem(NOT_FOUND, "There is no such address; /openapi.json lists them all.")


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """What every other address answers."""
    await _Nowhere({})(scope, receive, send)


def routes() -> list[Route]:
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    # a company's name may hold anything
    convertible = {path: path.replace("{company}", "{company:path}") for path in by_path}
    return [ExactRoute(convertible[path], _ApiEndpoint(operations)) for path, operations in by_path.items()]
