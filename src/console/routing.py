"""One page or action of the console, as the table of routes holds it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from console.visit import Visit

# `any`: whoever is signed in, within their scope; `change`: the same, but for read-only ones; `site`: who may change a
# whole site; `operator`: the operator alone
Access = Literal["public", "any", "change", "site", "operator"]
ROLES: dict[Access, set[str]] = {
    "any": {"operator", "site", "company", "read_only"},
    "change": {"operator", "site", "company"},
    "site": {"operator", "site"},
    "operator": {"operator"},
}


@dataclass(frozen=True)
class Page:
    method: Literal["GET", "POST"]
    path: str
    access: Access
    handler: Callable[[Visit], Awaitable[Response]]
    summary: str
