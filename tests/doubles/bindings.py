"""Queue, bucket, limiter and fetch in a process."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import LimiterUnavailable
from runtime.ports import HttpRequest, HttpResponse, StoredObject


@dataclass
class RecordingQueue:
    """Keeps what was sent as (body, delay in seconds); a test takes it from there."""

    sent: deque[tuple[Mapping[str, Any], int]] = field(default_factory=deque)

    async def send(self, bodies: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        assert 0 <= delay_seconds <= 86_400
        self.sent.extend((body, delay_seconds) for body in bodies)


@dataclass
class MemoryBucket:
    objects: dict[str, StoredObject] = field(default_factory=dict)

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self.objects[key] = StoredObject(data, content_type)

    async def get(self, key: str) -> StoredObject | None:
        return self.objects.get(key)

    async def keys(self, prefix: str, limit: int = 1000) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))[:limit]

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.objects.pop(key, None)


@dataclass
class ScriptedFetch:
    """Keeps every request and answers with what `answer` makes of it (it may raise)."""

    answer: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]
    requests: list[HttpRequest] = field(default_factory=list)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self.answer(request)
        return answer if isinstance(answer, HttpResponse) else await answer


@dataclass
class CountingLimiter:
    """Allows `most` calls a key; forgetting them is up to the test."""

    most: int = 1_000_000
    counts: Counter[str] = field(default_factory=Counter)
    broken: bool = False

    async def allows(self, key: str) -> bool:
        if self.broken:
            raise LimiterUnavailable
        self.counts[key] += 1
        return self.counts[key] <= self.most


@dataclass
class DeliveredMessage:
    """A queue message as the consumer is handed it; `verdict` is the first word said on it."""

    body: Any
    id: str = "message-1"
    attempts: int = 1
    verdict: tuple[str, int] | None = None

    def ack(self) -> None:
        self.verdict = self.verdict or ("ack", 0)

    def retry(self, delay_seconds: int) -> None:
        self.verdict = self.verdict or ("retry", delay_seconds)
