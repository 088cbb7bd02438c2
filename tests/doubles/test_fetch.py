"""The Fetch over real sockets tells apart what its port promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from core.errors import ConnectionFailed, ResponseLost
from runtime.ports import HttpRequest
from tests.doubles.fetch import HttpxFetch
from tests.doubles.ports import refused_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on this machine that treats each connection as `handler` does; its URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await server.wait_closed()


def answering(head: bytes, body: bytes = b"") -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n" + body)
        await writer.drain()

    return handler


async def test_an_answer_has_lower_case_header_names_and_the_body_as_it_came() -> None:
    head = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: 7\r\nContent-Length: 2"
    async with serving(answering(head, b"ok")) as url, HttpxFetch() as fetch:
        answer = await fetch(HttpRequest("POST", url, {"X-A": "b"}, b"body"))
    assert (answer.status, answer.headers["x-message-id"], answer.body) == (202, "7", b"ok")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0"
    async with serving(answering(head)) as url, HttpxFetch() as fetch:
        assert (await fetch(HttpRequest("GET", url))).status == 302


async def test_a_refused_connection_is_certain() -> None:
    async with HttpxFetch() as fetch:
        with refused_port() as port, pytest.raises(ConnectionFailed):
            await fetch(HttpRequest("GET", f"http://127.0.0.1:{port}/"))


async def test_a_name_that_does_not_resolve_is_certain() -> None:
    async with HttpxFetch() as fetch:
        with pytest.raises(ConnectionFailed):
            await fetch(HttpRequest("GET", "http://nowhere.invalid/"))


async def test_tls_that_fails_is_certain() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"this is not TLS")
        await writer.drain()

    async with serving(plain) as url, HttpxFetch() as fetch:
        with pytest.raises(ConnectionFailed):
            await fetch(HttpRequest("GET", url.replace("http:", "https:")))


async def test_a_connection_closed_after_the_request_is_unknown() -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99", b"half")) as url, HttpxFetch() as fetch:
        with pytest.raises(ResponseLost):
            await fetch(HttpRequest("GET", url))


async def test_a_timeout_after_the_request_left_is_unknown() -> None:
    done = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await done.wait()

    async with serving(silent) as url:
        async with HttpxFetch() as fetch:
            with pytest.raises(ResponseLost):
                await fetch(HttpRequest("GET", url, timeout=0.5))
        done.set()


async def test_a_header_that_a_worker_could_not_send_fails_the_test_that_sends_it() -> None:
    async with HttpxFetch() as fetch:
        with pytest.raises(AssertionError, match="X-Name"):
            await fetch(HttpRequest("GET", "http://127.0.0.1/", {"X-Name": "Żółta"}))
