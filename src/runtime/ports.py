"""What the core asks of the outside world: database, queue, bucket, fetch, limits, clock, randomness.

The promise: everything but `entry.py` and the platform's adapter runs on these interfaces alone, so the same code runs
in production, in the local runtime and under plain CPython in the tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Row = dict[str, Any]
Parameter = str | int | float | bytes | None


class Statement(NamedTuple):
    """One SQL statement with its positional parameters (`?1`, `?2`, …; at most 100)."""

    sql: str
    parameters: tuple[Parameter, ...] = ()


class Database(Protocol):
    """SQLite, in its dialect. Raises `DatabaseBusy` (not executed) or `DatabaseUncertain` (may have been)."""

    async def all(self, statement: Statement) -> list[Row]: ...

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run all statements in one transaction; the rows of each, in order."""
        ...

    async def size(self) -> int:
        """Bytes that the database takes; 10 GB are the most."""
        ...


class Queue(Protocol):
    """A queue that delivers at least once. Bodies are references, never people's data. Raises `QueueUnavailable`."""

    async def send(self, bodies: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        """Send any number of messages; the adapter splits them by the platform's 100 a call. Delay 0 to 86,400 s."""
        ...


class Message(Protocol):
    """One delivered queue message. The first of `ack` and `retry` wins."""

    @property
    def id(self) -> str: ...
    @property
    def body(self) -> Any: ...
    @property
    def attempts(self) -> int:
        """Deliveries so far, this one included."""
        ...

    def ack(self) -> None: ...
    def retry(self, delay_seconds: int) -> None: ...


@dataclass(frozen=True)
class StoredObject:
    data: bytes
    content_type: str


class Bucket(Protocol):
    """The store of files, by key. Raises `BucketUnavailable`."""

    async def put(self, key: str, data: bytes, content_type: str) -> None: ...
    async def get(self, key: str) -> StoredObject | None: ...
    async def keys(self, prefix: str, limit: int = 1000) -> list[str]: ...
    async def delete(self, keys: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class HttpRequest:
    """An outgoing request. `timeout` in seconds covers the whole exchange; redirects are never followed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 30.0


@dataclass(frozen=True)
class HttpResponse:
    """An answer: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetch(Protocol):
    """The platform's own fetch. Raises `ConnectionFailed` (nothing left) or `ResponseLost` (unknown)."""

    async def __call__(self, request: HttpRequest) -> HttpResponse: ...


SignatureAlgorithm = Literal["RSA-SHA1", "RSA-SHA256", "ECDSA-P256-SHA256"]


class Crypto(Protocol):
    """Signatures with a private key: checking others', making our own. (HMAC is in the standard library.)"""

    async def verify(self, algorithm: SignatureAlgorithm, public_key: bytes, signature: bytes, data: bytes) -> bool:
        """`public_key` is a SubjectPublicKeyInfo in DER, an ECDSA signature is in DER; RSA pads as PKCS #1 v1.5 does.
        Raises `ValueError` where the key is no key of that kind."""
        ...

    async def sign_ed25519(self, seed: bytes, data: bytes) -> bytes:
        """64 bytes; `seed` is the private key of RFC 8032, 32 bytes."""
        ...

    async def ed25519_public_key(self, seed: bytes) -> bytes:
        """32 bytes."""
        ...


class Limiter(Protocol):
    """Calls counted by key, each for itself, at one of the platform's locations. Raises `LimiterUnavailable`."""

    async def allows(self, key: str) -> bool:
        """Count one more; whether it is within the limit that the deployment configures."""
        ...


class Clock(Protocol):
    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Random(Protocol):
    def fraction(self) -> float:
        """A number in [0, 1), for jitter."""
        ...

    def token(self, size: int) -> bytes:
        """`size` unguessable bytes."""
        ...
