"""One request as it comes in, and the CPU that its answer takes."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp

from tests.worlds.furnished import furnished

ROUNDS = 5


class Request:
    """`path` may hold the names of parameters: the first that there is of each is meant."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        path = re.sub(r"{(\w+)(:\w+)?}", lambda found: furnished().known.get(found[1], ("x",))[0], path)
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"offload.example"),
                (b"transfer-encoding", b"chunked"),
                *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            ],
            "client": ("203.0.113.7", 0),
            "server": ("offload.example", 443),
        }
        self.taken = 0

    async def answer(self, app: ASGIApp, pieces: Sequence[bytes]) -> tuple[int, bytes]:
        """Status and body of the answer to a body that comes in these pieces."""
        answers: list[Any] = []
        self.taken = 0

        async def receive() -> dict[str, Any]:
            piece = pieces[self.taken] if self.taken < len(pieces) else b""
            self.taken += 1
            return {"type": "http.request", "body": piece, "more_body": self.taken < len(pieces)}

        async def send(message: Any) -> None:
            answers.append(message)

        await app(dict(self.scope), receive, send)
        return int(answers[0]["status"]), b"".join(message.get("body", b"") for message in answers[1:])

    async def seconds(self, app: ASGIApp, pieces: Sequence[bytes]) -> float:
        """Of CPU: whatever else runs on the machine takes none of it."""
        began = time.process_time()
        status, _ = await self.answer(app, pieces)
        assert status < 500
        return time.process_time() - began


async def ratio(app: ASGIApp, request: Request, ordinary: Sequence[bytes], other: Sequence[bytes]) -> float:
    """How many times the CPU of an ordinary body another takes: the least of each, asked again while it is in doubt."""
    costs = [(await request.seconds(app, ordinary), await request.seconds(app, other))]
    while (found := min(cost for _, cost in costs) / min(cost for cost, _ in costs)) > 2 and len(costs) < ROUNDS:
        costs.append((await request.seconds(app, ordinary), await request.seconds(app, other)))
    return found
