"""The platform: D1, Queues, R2, fetch, limits, time and randomness of Workers, behind the interfaces of `ports.py`.

The promise: only this module and `entry.py` know what they run on; what the platform throws leaves here as one of our
errors that says whether it may have been executed.
"""

import asyncio
import base64
import contextlib
import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import js
from pyodide.ffi import JsException, to_js
from starlette.types import ASGIApp
from workers import Response

from core import der
from core.errors import BucketUnavailable, LimiterUnavailable, QueueUnavailable
from runtime import words
from runtime.ports import HttpRequest, HttpResponse, Row, SignatureAlgorithm, Statement, StoredObject

# developers.cloudflare.com/queues/platform/limits and /r2/platform/limits
QUEUE_CALL = 100
R2_DELETE = 1000

# what an operator is told whose secret is not set
HOW_TO_SET = "run 'wrangler secret put {name}'"

LONGEST_BODY = 1_000_000  # bytes of an answer: no provider's and no Moodle's is longer

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class D1:
    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def all(self, statement: Statement) -> list[Row]:
        return (await self.batch([statement]))[0]

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        return [result["results"] for result in await self._batch(statements)]

    async def size(self) -> int:
        [result] = await self._batch([Statement("SELECT 1")])
        return int(result["meta"]["size_after"])

    async def _batch(self, statements: Sequence[Statement]) -> Any:
        prepared = [self._binding.prepare(sql).bind(*parameters) for sql, parameters in statements]
        try:
            return await self._binding.batch(prepared)
        except JsException as error:
            trouble = words.of_database(error.message)
            if trouble is None:
                raise
            raise trouble from None


class WorkersQueue:
    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def send(self, bodies: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        messages = [{"body": dict(body), "delaySeconds": delay_seconds} for body in bodies]
        try:
            for start in range(0, len(messages), QUEUE_CALL):
                await self._binding.sendBatch(messages[start : start + QUEUE_CALL])
        except JsException as error:
            raise QueueUnavailable(error.message) from None


class DeliveredMessage:
    """A message of a batch that the runtime delivers."""

    def __init__(self, message: Any) -> None:
        self._message = message
        self.id: str = message.id
        self.body: Any = message.body
        self.attempts: int = message.attempts

    def ack(self) -> None:
        self._message.ack()

    def retry(self, delay_seconds: int) -> None:
        self._message.retry(delaySeconds=delay_seconds)


class R2:
    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        await self._call(self._binding.put(key, data, httpMetadata={"contentType": content_type}))

    async def get(self, key: str) -> StoredObject | None:
        found = await self._call(self._binding.get(key))
        if found is None:
            return None
        data = await self._call(found.arrayBuffer())
        return StoredObject(bytes(data), (found.httpMetadata or {}).get("contentType", "application/octet-stream"))

    async def keys(self, prefix: str, limit: int = 1000) -> list[str]:
        listing = await self._call(self._binding.list(prefix=prefix, limit=limit))
        return [str(found.key) for found in listing.objects]

    async def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), R2_DELETE):
            await self._call(self._binding.delete(list(keys[start : start + R2_DELETE])))

    async def _call(self, operation: Awaitable[Any]) -> Any:
        try:
            return await operation
        except JsException as error:
            raise BucketUnavailable(error.message) from None


async def fetch(request: HttpRequest) -> HttpResponse:
    """The platform's fetch, as `ports.Fetch`. It follows no redirect."""
    try:
        response = await js.fetch(
            request.url,
            method=request.method,
            headers=to_js([list(header) for header in request.headers.items()]),
            redirect="manual",
            signal=js.AbortSignal.timeout(round(request.timeout * 1000)),
            **({"body": to_js(request.body)} if request.body else {}),
        )
    except JsException as error:
        cause = getattr(error, "cause", None)
        code, why = (str(getattr(cause, name, None) or "") for name in ("code", "message"))
        raise words.of_fetch(error.message, code, why) from None
    headers = {str(name).lower(): str(value) for name, value in response.headers}
    trouble = words.of_status(response.status, headers)
    if trouble:
        raise trouble
    return HttpResponse(response.status, headers, await _start_of_body(response.body))


async def _start_of_body(stream: Any) -> bytes:
    """Up to `LONGEST_BODY` and a chunk. What cannot be read is left out: what is there is judged by who asked."""
    body = bytearray()
    if not stream:
        return b""
    reader = stream.getReader()
    with contextlib.suppress(JsException):
        while len(body) < LONGEST_BODY:
            chunk = await reader.read()
            if chunk.done:
                return bytes(body)
            body += chunk.value.to_bytes()
        await reader.cancel()
    return bytes(body)


class SubtleCrypto:
    """The platform's WebCrypto, as `ports.Crypto`."""

    _RSA, _P256 = "RSASSA-PKCS1-v1_5", {"name": "ECDSA", "namedCurve": "P-256", "hash": "SHA-256"}
    _ALGORITHMS: Mapping[SignatureAlgorithm, Mapping[str, str]] = {
        "RSA-SHA1": {"name": _RSA, "hash": "SHA-1"},
        "RSA-SHA256": {"name": _RSA, "hash": "SHA-256"},
        "ECDSA-P256-SHA256": _P256,
    }

    async def verify(self, algorithm: SignatureAlgorithm, public_key: bytes, signature: bytes, data: bytes) -> bool:
        parameters = to_js(self._ALGORITHMS[algorithm], dict_converter=js.Object.fromEntries)
        try:
            usages = to_js(["verify"])
            key = await js.crypto.subtle.importKey("spki", to_js(public_key), parameters, False, usages)
        except JsException as error:
            raise ValueError(error.message) from None
        if algorithm == "ECDSA-P256-SHA256":
            try:
                signature = der.raw_signature(signature, 32)
            except ValueError:
                return False
        return bool(await js.crypto.subtle.verify(parameters, key, to_js(signature), to_js(data)))

    async def sign_ed25519(self, seed: bytes, data: bytes) -> bytes:
        signed = await js.crypto.subtle.sign("Ed25519", await self._private_key(seed), to_js(data))
        return bytes(signed.to_bytes())

    async def ed25519_public_key(self, seed: bytes) -> bytes:
        exported = await js.crypto.subtle.exportKey("jwk", await self._private_key(seed))
        return base64.urlsafe_b64decode(str(exported.x) + "=")

    async def _private_key(self, seed: bytes) -> Any:
        # PKCS #8 around the 32 bytes: RFC 8410, section 7
        pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed
        return await js.crypto.subtle.importKey("pkcs8", to_js(pkcs8), "Ed25519", True, to_js(["sign"]))


class RateLimit:
    """A binding of `[[ratelimits]]`, as `ports.Limiter`."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def allows(self, key: str) -> bool:
        try:
            outcome = await self._binding.limit({"key": key})
        except JsException as error:
            raise LimiterUnavailable(error.message) from None
        return bool(outcome["success"])


class SystemClock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SystemRandom:
    def fraction(self) -> float:
        return random.random()

    def token(self, size: int) -> bytes:
        return os.urandom(size)


async def serve(app: ASGIApp, request: Any, wait_until: Callable[[Awaitable[Any]], Any]) -> Any:
    """Run an ASGI app for one request, streaming both ways (the SDK's own adapter reads the whole body first)."""
    exchange = _Exchange(request)
    running = asyncio.ensure_future(app(exchange.scope(), exchange.receive, exchange.send))
    await asyncio.wait([running, exchange.started], return_when=asyncio.FIRST_COMPLETED)
    if not exchange.started.done():
        running.result()  # raises what the app raised
        raise RuntimeError("the app ended without an answer")
    wait_until(running)
    return exchange.started.result()


def _said_of(headers: Mapping[str, str]) -> dict[str, Any]:
    """What `front.py` reads. The first two are Cloudflare's, whatever a caller sends; the third is signed by Access.
    developers.cloudflare.com/fundamentals/reference/http-headers
    """
    address, ray = headers.get("cf-connecting-ip"), headers.get("cf-ray", "")
    state = {
        "request_id": ray if _REQUEST_ID.fullmatch(ray) else None,
        "access_token": headers.get("cf-access-jwt-assertion"),
    }
    return {"client": (address, 0) if address else None, "state": state}


class _Exchange:
    """One request and its response, between the Workers' streams and ASGI's messages."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._reader = request.body.getReader() if request.body else None
        self._writer: Any = None
        self._status = 500
        self._headers: Any = None
        self.started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def scope(self) -> dict[str, Any]:
        url = js.URL.new(self._request.url)
        headers = {str(name).lower(): str(value) for name, value in self._request.js_object.headers}
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": str(self._request.method),
            "scheme": url.protocol.rstrip(":"),
            "path": unquote(url.pathname),  # what is no UTF-8 is replaced, where JavaScript's own function would throw
            "raw_path": url.pathname.encode(),
            "query_string": url.search.removeprefix("?").encode(),
            "root_path": "",
            "server": (url.hostname, None),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            **_said_of(headers),
        }

    async def receive(self) -> dict[str, Any]:
        if self._reader is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        chunk = await self._reader.read()
        if chunk.done:
            self._reader = None
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": chunk.value.to_bytes(), "more_body": True}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = js.Headers.new()
            for name, value in message["headers"]:
                self._headers.append(name.decode("latin-1"), value.decode("latin-1"))
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._writer is None and not more:
            self._start(to_js(body) if body else None)
            return
        if self._writer is None:
            stream = js.TransformStream.new()
            self._writer = stream.writable.getWriter()
            self._start(stream.readable)
        if body:
            try:
                await self._writer.write(to_js(body))
            except JsException:
                raise OSError("the reader went away") from None
        if not more:
            await self._writer.close()

    def _start(self, body: Any) -> None:
        self.started.set_result(Response(js.Response.new(body, status=self._status, headers=self._headers)))
