"""One request as a route function sees it, and one route as the router and the OpenAPI document see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import Access, Caller
from core.problems import ProblemType
from core.scope import Scope
from jobs import actions as jobs
from runtime import front
from runtime.ports import Row, Statement
from runtime.services import Services
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

    @property
    def address(self) -> str | None:
        """Where the request comes from, if the platform says so."""
        return front.address(self.request)

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def entry(self, action: str, target: str, **more: Any) -> audit.Entry:
        """The audit trail's row of what this caller does."""
        return audit.Entry(self.now, self.caller.actor, self.caller.role, action, target, self.address, **more)

    def note(self, action: str, **detail: Any) -> jobs.Note:
        """The audit trail's row of a change to a job, for the change's own transaction."""
        site_id = self.scope.site_id

        def statement(job_id: str, states: Sequence[str]) -> Statement:
            return audit.insert_for_job(self.entry(action, job_id, site_id=site_id, detail=detail or None), states)

        return statement

    def note_appended(self) -> jobs.Note:
        """The same of people who come to a draft."""
        entry = self.entry("job.append", "", site_id=self.scope.site_id)
        return lambda job_id, _: audit.insert_for_appended(entry._replace(target=job_id))


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """`answers` are schemas by status; `query` names parameters of `openapi.PARAMETERS`; `bodies` schemas by type.
    `page`: it answers people with HTML, not programs with JSON. `file`: the type of a file that it may answer with."""

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
    page: bool = False
    file: str = ""


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(content, status, headers)
