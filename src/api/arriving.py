"""The bytes of a request's body, as they arrive.

The promise: the work and the memory that a body takes are bounded by the bytes that were sent. They are counted before
and after they are unpacked, and so are the pieces they come in, the streams of gzip that follow each other, and the
bytes that one of them unpacks to. Nobody is given a longer piece than `PIECE`.
"""

import zlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from core.problems import MALFORMED, TOO_LARGE, UNSUPPORTED, Problem

PIECE = 64_000
MOST_RATIO = 100  # unpacked bytes for each that was sent: people with all the same variables come to 30
MOST_STREAMS = 100  # of gzip in one body: each costs as much to begin as to unpack a thousand bytes
MOST_TINY = 1_000  # pieces of any size, an empty one too; beyond them a piece has `SHORTEST` bytes on the average
SHORTEST = 16


async def whole(request: Request, limit: int) -> bytearray:
    """The whole body, unpacked."""
    body = bytearray()
    async for piece in plain(request, limit):
        body += piece
    return body


async def plain(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body, unpacked where it is gzipped. Raises a `Problem` once it has more than `limit` bytes."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise Problem(UNSUPPORTED, "Send the body as it is or gzipped.", headers={"Accept-Encoding": "gzip, identity"})
    sent = _bounded(pieces(request), limit)
    async for piece in _bounded(_unpacked(sent), limit) if encoding == "gzip" else sent:
        yield piece


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it is sent. Raises a `Problem` where its pieces are so small that each costs more than its bytes."""
    count = size = 0
    async for arrived in request.stream():
        count, size = count + 1, size + len(arrived)
        if count > MOST_TINY + size // SHORTEST:
            raise Problem(TOO_LARGE, f"The body comes in pieces of less than {SHORTEST} bytes. Send it in longer ones.")
        for start in range(0, len(arrived), PIECE):
            yield arrived[start : start + PIECE]


async def _bounded(given: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in given:
        size += len(piece)
        if size > limit:
            raise Problem(TOO_LARGE, f"The body may have {limit:,} bytes at most, unpacked. Send it in several calls.")
        yield piece


async def _unpacked(given: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    streams, taken, made = 1, 0, 0
    try:
        async for sent in given:
            waiting, taken = sent, taken + len(sent)
            while waiting:
                if unpacker.eof:  # another stream follows
                    unpacker, streams = zlib.decompressobj(wbits=31), streams + 1
                piece = unpacker.decompress(waiting, PIECE)
                waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                made += len(piece)
                _check(streams, taken, made)
                yield piece
        while not unpacker.eof and (piece := unpacker.decompress(b"", PIECE)):
            made += len(piece)
            _check(streams, taken, made)
            yield piece
    except zlib.error:
        raise Problem(MALFORMED, "The body says it is gzipped, and is not, or is damaged.") from None
    if not unpacker.eof:
        raise Problem(MALFORMED, "The gzipped body ends too early.")


def _check(streams: int, taken: int, made: int) -> None:
    if streams > MOST_STREAMS:
        raise Problem(TOO_LARGE, f"The gzipped body has more than {MOST_STREAMS} streams. Pack it as one.")
    if made > MOST_RATIO * taken + PIECE:
        words = f"The gzipped body unpacks to more than {MOST_RATIO} times its bytes. Send it as it is, unpacked."
        raise Problem(TOO_LARGE, words)
