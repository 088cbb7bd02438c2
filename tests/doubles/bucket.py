"""A store of files that fails as told."""

from collections import deque
from dataclasses import dataclass, field

from core.errors import BucketUnavailable
from runtime.ports import StoredObject
from tests.doubles.bindings import MemoryBucket
from tests.doubles.provider import Crash


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
