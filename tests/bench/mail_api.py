"""An e-mail API that accepts everything after a fixed time, as SendGrid answers, in a process of its own."""

import asyncio
import re
import sys

SECONDS = 0.05
ANSWER = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m%d\r\nContent-Length: 0\r\n\r\n"
MAY = b'{"scopes": ["mail.send"]}'
SCOPES = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(MAY), MAY)

accepted = 0


async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global accepted  # noqa: PLW0603
    while head := await _head(reader):
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        await asyncio.sleep(SECONDS)
        accepted += head.startswith(b"POST /v3/mail/send ")
        writer.write(SCOPES if head.startswith(b"GET /v3/scopes ") else ANSWER % accepted)
        await writer.drain()
    writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return b""


async def main() -> None:
    """Prints the port, serves until standard input closes, then prints how many mails were accepted."""
    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(accepted, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
