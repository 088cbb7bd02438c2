"""The platform's front as a test sets it: what it says of the requests that come next, beside their headers."""

from dataclasses import asdict, dataclass

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass
class Front:
    """`address`: where they come from. Shared by all who come through it."""

    address: str | None = None
    request_id: str | None = None
    access_token: str | None = None

    def before(self, app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            state = asdict(self)
            address = state.pop("address")
            await app({**scope, "client": (address, 0) if address else None, "state": state}, receive, send)

        return serve
