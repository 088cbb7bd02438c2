"""A deployment that issues certificates, and files whose store fails as told."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import BucketUnavailable
from runtime.ports import StoredObject
from tests.doubles.bindings import MemoryBucket
from tests.doubles.provider import Crash
from tests.worlds.world import MESSAGE, World

DESIGN: dict[str, Any] = {
    "version": 1,
    "title": "{{ title }}",
    "page": {"size": "A5", "orientation": "landscape"},
    "pages": [
        {
            "elements": [
                {"type": "name", "x": 20, "y": 40, "width": 170, "height": 20},
                {"type": "text", "x": 20, "y": 60, "width": 170, "height": 10, "text": "{{ course }}, {{ issuer }}"},
                {"type": "date", "x": 20, "y": 80, "width": 80, "height": 10},
                {"type": "code", "x": 20, "y": 100, "width": 80, "height": 10},
                {"type": "qr", "x": 150, "y": 90, "size": 30},
            ]
        }
    ],
}
CERTIFICATE: dict[str, Any] = {
    "design": DESIGN,
    "award": "course-7",
    "title": "Biology",
    "issuer": "School",
    "expires_at": None,
    "locale": "en",
    "link_days": 90,
    "holder": "full",
}
LINKED = MESSAGE | {"html": "<a href='{{ certificate_url }}'>{{ certificate_code }}</a> {{ verify_url }}"}
SETTINGS = {"PUBLIC_URL": "https://offload.example", "SIGNING_SECRET": "s" * 32}


@dataclass
class FaultyBucket(MemoryBucket):
    """Each `put` takes the next of `faults`: 'refused', 'lost' (done, and the answer lost), 'crash', or ''. The next
    `unreadable` files cannot be read."""

    faults: deque[str] = field(default_factory=deque)
    puts: int = 0
    gets: int = 0
    unreadable: int = 0

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self.puts += 1
        fault = self.faults.popleft() if self.faults else ""
        if fault == "refused":
            raise BucketUnavailable("refused")
        await super().put(key, data, content_type)
        if fault == "lost":
            raise BucketUnavailable("timed out")
        if fault == "crash":
            raise Crash

    async def get(self, key: str) -> StoredObject | None:
        self.gets += 1
        if self.unreadable:
            self.unreadable -= 1
            raise BucketUnavailable("timed out")
        return await super().get(key)


@pytest.fixture
def files(world: World) -> FaultyBucket:
    """The files of `world`, which can issue certificates from now on."""
    world.settings.update(SETTINGS)
    bucket = FaultyBucket()
    object.__setattr__(world.services, "files", bucket)
    return bucket


Issue = Callable[..., Any]


@pytest.fixture
def issue(world: World, files: FaultyBucket) -> Issue:  # noqa: ARG001 - the settings come with it
    async def started(people: Any = 3, *, certificate: Mapping[str, Any] | None = None, **fields: Any) -> str:
        content = {"message": LINKED, "certificate": CERTIFICATE | dict(certificate or {})}
        return await world.job(people, kind="certificate", content=content, **fields)

    return started
