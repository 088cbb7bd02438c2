"""One request as a route function sees it, and one route as the router and the OpenAPI document see it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import Access, Caller
from ports import Row
from problems import ProblemType
from scope import Scope
from services import Services
from store import audit


@dataclass(frozen=True)
class Call:
    request: Request
    services: Services
    caller: Caller

    @property
    def scope(self) -> Scope:
        """What the caller may touch; only on routes for a site's tokens."""
        assert self.caller.scope is not None
        return self.caller.scope

    @property
    def site(self) -> Row:
        """The site of the caller's token."""
        assert self.caller.site is not None
        return self.caller.site

    @property
    def now(self) -> int:
        return self.services.clock.now()

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def entry(self, action: str, target: str, **more: Any) -> audit.Entry:
        """The audit trail's row of what this caller does."""
        address = self.request.headers.get("cf-connecting-ip")
        return audit.Entry(self.now, self.caller.actor, action, target, address, **more)

    async def record(self, action: str, job: Row, **detail: Any) -> None:
        """Write that a job was changed. The job service has committed the change by now: where this fails, the caller
        is told so, and the repeat, which changes nothing more, writes the row."""
        entry = self.entry(action, job["id"], site_id=job["site_id"], company=job["company"], detail=detail or None)
        await self.services.database.all(audit.insert(entry))


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """`answers` are schemas by status; `query` names parameters of `openapi.PARAMETERS`; `bodies` schemas by type."""

    method: str
    path: str
    access: Access
    handler: Handler
    summary: str
    answers: Mapping[int, str | None]
    bodies: Mapping[str, str] = field(default_factory=dict)
    body_required: bool = True
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    problems: tuple[ProblemType, ...] = ()
    csv: bool = False


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(content, status, headers)
