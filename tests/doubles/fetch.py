"""Fetch over real sockets, for tests that talk to a server on this machine."""

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx

from core.errors import ConnectionFailed, ResponseLost
from runtime.ports import HttpRequest, HttpResponse


class HttpxFetch:
    """Told apart as the port promises: whether a byte of the request can have left decides which error it is."""

    def __init__(self) -> None:
        self.client = httpx.AsyncClient(trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        for name, value in request.headers.items():
            assert (name + value).isascii(), f"a Worker cannot send header {name}"
        left = False

        async def watch(event: str, _info: dict[str, Any]) -> None:
            nonlocal left
            left = left or event.endswith("send_request_headers.started")

        try:
            async with asyncio.timeout(request.timeout):
                answer = await self.client.request(
                    request.method,
                    request.url,
                    headers=dict(request.headers),
                    content=request.body,
                    timeout=None,
                    extensions={"trace": watch},
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise (ResponseLost if left else ConnectionFailed)(type(error).__name__) from error
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)
