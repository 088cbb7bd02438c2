"""All that is asked over HTTP as one ASGI app: the API, and the console's pages beside it under `/console`."""

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

import api.app
import console.app
from api.endpoint import SERVICES
from runtime.services import Services

_ROUTER = Router([*api.app.routes(), *console.app.routes()], redirect_slashes=False, default=api.app.nowhere)


def app(services: Services) -> ASGIApp:
    """The app with these services. Cheap: the routes are put together once, when this module is imported."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await _ROUTER({**scope, SERVICES: services}, receive, send)

    return serve
