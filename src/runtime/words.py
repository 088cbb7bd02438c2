"""What the platform's words mean: the errors that `fetch` and D1 throw, and the statuses put in a server's place.

The promise: only what certainly did not happen is called so. The rest may have happened, whatever it is called, for
words change without notice. Whatever one of these words can tell is told in ours; nothing of a URL is repeated.
"""

import re
from collections.abc import Mapping

from core.errors import ConnectionFailed, DatabaseBusy, DatabaseUncertain, ResponseLost, TransportError, Unavailable

# How workerd begins what it throws before anything is sent; seen on workerd 1.20261117.1, and src/workerd/api/http.c++.
# Of "Network connection lost." and "internal error; reference = …" nobody knows when they came.
_NEVER_LEFT = {
    "Invalid URL": "the address is no valid URL",
    "Fetch API cannot load": "the address is neither http nor https",
}
# What workerd throws where something may have left, and what it may have been; seen on it (see above)
_PERHAPS_LEFT = {
    "Network connection lost": "the connection was lost, or did not come about",
    "internal error": "no answer: perhaps the host is not known, or its certificate is not valid",
    "The operation was aborted due to timeout": "no answer in time",
}
# Node's fetch, under the local runtime, wraps the system's error and its code: nodejs.org/api/errors.html, "Common
# system errors", "OpenSSL Error Codes"; undici's lib/web/fetch/index.js. workerd has no such codes.
_NODE_NEVER_LEFT = {
    "ECONNREFUSED": "the connection was refused",
    "ENOTFOUND": "the host is not known",
    "EAI_AGAIN": "the host could not be looked up",
    "UND_ERR_CONNECT_TIMEOUT": "no connection came about in time",
    "ERR_INVALID_URL": "the address is no valid URL",
}
_NODE_TLS = re.compile(
    r"CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|HOSTNAME_MISMATCH|ERR_TLS_CERT_\w+"
)
# other errors of TLS, and EHOSTUNREACH, can come on a connection that has carried the request
_NODE_HANDSHAKE = re.compile(r"ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|\w+_HANDSHAKE_FAILURE)")

# Cloudflare answers for a server that it did not get through to. 520, 522 and 524 can come after the request has left:
# developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors, each on its page, 2026-11
_NOT_REACHED = {
    521: "the connection was refused",  # "refuses connections"
    523: "the host cannot be reached",  # "cannot contact your origin web server": no route
    525: "TLS could not be agreed on",  # "the SSL handshake … failed", which goes before the request
    526: "the certificate is not valid",  # "preventing a secure connection from being established"
    530: "the host is not known",  # "unable to resolve the origin hostname"
}

# developers.cloudflare.com/d1/observability/debug-d1, "List of D1_ERRORs", 2026-11: eleven. These three were never
# begun: "queued for too long", "the request queue … is too long", "the query cannot reach the Durable Object".
_D1_NEVER_BEGAN = (
    "D1 DB is overloaded. Requests queued for too long.",
    "D1 DB is overloaded. Too many requests queued.",
    "Cannot resolve D1 DB due to transient issue on remote node.",
)
# What is wrong with a statement of ours: SQLite's own results at the end of the words (sqlite.org/rescode.html), and
# what D1 says before it asks SQLite; seen on workerd 1.20261117.1, the constants on the page above.
_D1_OURS = re.compile(
    r"SQLITE_(?:ERROR|CONSTRAINT|MISMATCH|TOOBIG|RANGE|AUTH|MISUSE)(?: \(extended: \w+\))?\.?\Z"
    r"|^D1_(?:TYPE_ERROR|COLUMN_NOTFOUND)\b"
    r"|Wrong number of parameter bindings for SQL query\.\Z|No SQL statements detected\.\Z"
)


def of_fetch(message: str, code: str = "", cause: str = "") -> TransportError:
    """What `fetch` threw; `code` and `cause` are of the error that it wraps, where it wraps one."""
    for start, meaning in _NEVER_LEFT.items():
        if message.startswith(start):
            return ConnectionFailed(meaning)
    if _NODE_TLS.fullmatch(code):
        return ConnectionFailed(f"the certificate is not valid ({code})")
    if _NODE_HANDSHAKE.fullmatch(code):
        return ConnectionFailed(f"TLS could not be agreed on ({code})")
    if code in _NODE_NEVER_LEFT:
        return ConnectionFailed(f"{_NODE_NEVER_LEFT[code]} ({code})")
    if message == "fetch failed" and cause == "unknown scheme":
        return ConnectionFailed("the address is neither http nor https")
    for start, meaning in _PERHAPS_LEFT.items():
        if message.startswith(start):
            return ResponseLost(f"{meaning} ({message})")
    return ResponseLost(" ".join(part for part in (message, code, cause) if part))


def of_status(status: int, headers: Mapping[str, str]) -> ConnectionFailed | None:
    """Of an answer that is Cloudflare's, not the server's, and says that the server was not reached."""
    if status in _NOT_REACHED and headers.get("server") == "cloudflare":
        return ConnectionFailed(f"{_NOT_REACHED[status]} ({status})")
    return None


def of_database(message: str) -> Unavailable | None:
    """What D1 threw; None where a statement of ours is wrong."""
    if _D1_OURS.search(message):
        return None
    if any(words in message for words in _D1_NEVER_BEGAN):
        return DatabaseBusy(message)
    return DatabaseUncertain(message)
