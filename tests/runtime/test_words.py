"""What the platform throws leaves the adapter as the error that it is: certain only where nothing can have happened.

Raw words, each with where it comes from, go through `runtime/cloudflare.py` with nothing behind the platform's names.
tests/local_runtime/test_words.py asks the workerd that is installed whether it still says what stands here.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

import runtime
from core.errors import ConnectionFailed, DatabaseBusy, DatabaseUncertain, OffloadError, ResponseLost
from runtime.ports import HttpRequest, Statement


class Thrown(Exception):
    """As Pyodide hands a JavaScript error on."""

    def __init__(self, message: str, cause: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """src/runtime/cloudflare.py; a test sets `js.fetch`."""
    platform: dict[str, dict[str, Any]] = {
        "js": {"AbortSignal": SimpleNamespace(timeout=lambda _: None)},
        "pyodide": {},
        "pyodide.ffi": {"JsException": Thrown, "to_js": lambda value, **_: value},
        "workers": {"Response": object},
    }
    for name, members in platform.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules.pop("runtime.cloudflare", None)
    yield import_module("runtime.cloudflare")
    del sys.modules["runtime.cloudflare"], vars(runtime)["cloudflare"]


class Said(NamedTuple):
    """`source`: where the words come from. `told`: what an operator reads of it."""

    source: str
    message: str
    kind: type[OffloadError]
    told: str = ""
    code: str = ""  # of the error that Node's fetch wraps, and its words
    cause: str = ""


WORKERD, PRODUCTION = "workerd 1.20261117.1", "the Workers runtime, as reported"
NODE = "Node 20, in the local runtime"

FETCHED = (
    Said(WORKERD, "Invalid URL: http://", ConnectionFailed, "the address is no valid URL"),
    Said(WORKERD, "Invalid URL: nonsense?key=secret", ConnectionFailed, "the address is no valid URL"),
    Said(WORKERD, "Fetch API cannot load: ftp://a.example/", ConnectionFailed, "the address is neither http nor https"),
    Said(WORKERD, "Network connection lost.", ResponseLost, "the connection was lost, or did not come about"),
    Said(
        WORKERD,  # an unknown host, and a certificate that is not valid, alike
        "internal error; reference = 7k2mq0a9b8c7d6e5f4g3h2i1",
        ResponseLost,
        "perhaps the host is not known, or its certificate is not valid",
    ),
    Said(PRODUCTION, "internal error", ResponseLost, "perhaps the host is not known"),
    Said(WORKERD, "The operation was aborted due to timeout", ResponseLost, "no answer in time"),
    Said(NODE, "The operation was aborted due to timeout", ResponseLost, "no answer in time"),
    Said(PRODUCTION, "Too many subrequests.", ResponseLost, "Too many subrequests."),
    Said(NODE, "fetch failed", ConnectionFailed, "the connection was refused", "ECONNREFUSED", "connect ECONNREFUSED"),
    Said(
        NODE, "fetch failed", ConnectionFailed, "the host is not known", "ENOTFOUND", "getaddrinfo ENOTFOUND x.invalid"
    ),
    Said(NODE, "fetch failed", ConnectionFailed, "the host could not be looked up", "EAI_AGAIN"),
    Said(NODE, "fetch failed", ConnectionFailed, "no connection came about in time", "UND_ERR_CONNECT_TIMEOUT"),
    Said(NODE, "fetch failed", ConnectionFailed, "the certificate is not valid", "DEPTH_ZERO_SELF_SIGNED_CERT"),
    Said(NODE, "fetch failed", ConnectionFailed, "the certificate is not valid", "CERT_HAS_EXPIRED"),
    Said(NODE, "fetch failed", ConnectionFailed, "the certificate is not valid", "ERR_TLS_CERT_ALTNAME_INVALID"),
    Said(NODE, "fetch failed", ConnectionFailed, "TLS could not be agreed on", "ERR_SSL_WRONG_VERSION_NUMBER"),
    Said(NODE, "fetch failed", ConnectionFailed, "neither http nor https", "", "unknown scheme"),
    Said(NODE, "Failed to parse URL from http://", ConnectionFailed, "no valid URL", "ERR_INVALID_URL", "Invalid URL"),
    Said(NODE, "fetch failed", ResponseLost, "other side closed", "UND_ERR_SOCKET", "other side closed"),
    Said(NODE, "fetch failed", ResponseLost, "ECONNRESET", "ECONNRESET", "read ECONNRESET"),
    Said(NODE, "fetch failed", ResponseLost, "", "UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error"),
    # TLS 1.3 says so after the request has left
    Said(NODE, "fetch failed", ResponseLost, "", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    # what only sounds like it: words of Node, or of a server, in workerd's mouth prove nothing
    Said("made up", "connection refused", ResponseLost),
    Said("made up", "connect ECONNREFUSED 127.0.0.1:1", ResponseLost),
    Said("made up", "getaddrinfo ENOTFOUND x.invalid", ResponseLost),
    Said("made up", "DNS lookup failed", ResponseLost),
    Said("made up", "the certificate was refused after the request: CERT_HAS_EXPIRED", ResponseLost),
    Said("made up", "Network connection lost. (Invalid URL: x)", ResponseLost),
    Said("made up", "", ResponseLost),
)


def request() -> HttpRequest:
    return HttpRequest("POST", "https://a.example/", {}, b"x", 1)


@pytest.mark.parametrize("said", FETCHED, ids=lambda said: f"{said.source}: {said.message} {said.code}")
async def test_what_fetch_throws(adapter: Any, said: Said) -> None:
    async def fetch(*_: Any, **__: Any) -> Any:
        wrapped = SimpleNamespace(code=said.code or None, message=said.cause) if said.code or said.cause else None
        raise Thrown(said.message, wrapped)

    adapter.js.fetch = fetch
    with pytest.raises(OffloadError) as raised:
        await adapter.fetch(request())
    assert type(raised.value) is said.kind
    assert said.told in str(raised.value)
    assert "secret" not in str(raised.value)


# …/http-status-codes/cloudflare-5xx-errors/error-<status>, read 2026-11
ANSWERED = {
    520: None,
    521: "the connection was refused",
    522: None,  # "… does not acknowledge Cloudflare's resource request within 90 seconds"
    523: "the host cannot be reached",
    524: None,
    525: "TLS could not be agreed on",
    526: "the certificate is not valid",
    527: None,
    530: "the host is not known",
    500: None,
    200: None,
}


@pytest.mark.parametrize("status", ANSWERED)
@pytest.mark.parametrize("server", ["cloudflare", "nginx", "Cloudflare-like", None])
async def test_what_is_answered_in_a_server_s_place(adapter: Any, status: int, server: str | None) -> None:
    async def fetch(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(status=status, headers=[("Server", server)] if server else [], body=None)

    adapter.js.fetch = fetch
    told = ANSWERED[status]
    if told is None or server != "cloudflare":
        assert (await adapter.fetch(request())).status == status
        return
    with pytest.raises(ConnectionFailed, match=told):
        await adapter.fetch(request())


# developers.cloudflare.com/d1/observability/debug-d1, "List of D1_ERRORs", read 2026-11: all eleven
DOCUMENTED = {
    "D1 DB reset because its code was updated.": DatabaseUncertain,
    "Internal error while starting up D1 DB storage caused object to be reset.": DatabaseUncertain,
    "Network connection lost.": DatabaseUncertain,
    "Internal error in D1 DB storage caused object to be reset.": DatabaseUncertain,
    "Cannot resolve D1 DB due to transient issue on remote node.": DatabaseBusy,
    "Can't read from request stream because client disconnected.": DatabaseUncertain,
    "D1 DB storage operation exceeded timeout which caused object to be reset.": DatabaseUncertain,
    "D1 DB is overloaded. Requests queued for too long.": DatabaseBusy,
    "D1 DB is overloaded. Too many requests queued.": DatabaseBusy,
    "D1 DB's isolate exceeded its memory limit and was reset.": DatabaseUncertain,
    "D1 DB exceeded its CPU time limit and was reset.": DatabaseUncertain,
}
# reported, or of SQLite's, or new tomorrow
OTHERS = (
    "internal error; reference = 7k2mq0a9b8c7d6e5f4g3h2i1",
    "D1 DB is overloaded.",  # documented only with why
    "Exceeded maximum DB size.",
    "database is locked: SQLITE_BUSY",
    "disk I/O error: SQLITE_IOERR",
    "database or disk is full: SQLITE_FULL",
    "out of memory: SQLITE_NOMEM",
    "interrupted: SQLITE_INTERRUPT",
    "database disk image is malformed: SQLITE_CORRUPT",
    "fetch failed",
    "Failed to parse body as JSON, got: error code: 1031",
    "The script will never generate a response.",
    "SQLITE_ERROR was on record when the connection was lost",
    "",
)
# seen on workerd 1.20261117.1
OURS = (
    'D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR',
    "D1_ERROR: no such table: nope: SQLITE_ERROR",
    "D1_ERROR: NOT NULL constraint failed: t.b: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_NOTNULL)",
    "D1_ERROR: UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)",
    "D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT",
    "D1_ERROR: variable number must be between ?1 and ?100 at offset 399: SQLITE_ERROR",
    "D1_ERROR: statement too long: SQLITE_TOOBIG",
    "D1_ERROR: not authorized: SQLITE_AUTH",
    "D1_ERROR: malformed JSON: SQLITE_ERROR",
    "D1_ERROR: datatype mismatch: SQLITE_MISMATCH",
    "D1_ERROR: Wrong number of parameter bindings for SQL query.",
    "D1_ERROR: No SQL statements detected.",
    "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
)


async def _ask(adapter: Any, message: str) -> None:
    async def batch(_: Any) -> Any:
        raise Thrown(message)

    statement = SimpleNamespace(bind=lambda *_: None)
    await adapter.D1(SimpleNamespace(prepare=lambda _: statement, batch=batch)).batch([Statement("SELECT 1")])


@pytest.mark.parametrize("message", DOCUMENTED)
@pytest.mark.parametrize("prefix", ["", "D1_ERROR: "])
async def test_what_d1_documents_as_not_ours(adapter: Any, message: str, prefix: str) -> None:
    with pytest.raises(OffloadError) as raised:
        await _ask(adapter, prefix + message)
    assert type(raised.value) is DOCUMENTED[message]


@pytest.mark.parametrize("message", OTHERS)
@pytest.mark.parametrize("prefix", ["", "D1_ERROR: "])
async def test_whatever_else_d1_says_may_have_been_executed(adapter: Any, message: str, prefix: str) -> None:
    with pytest.raises(DatabaseUncertain):
        await _ask(adapter, prefix + message)


@pytest.mark.parametrize("message", OURS)
async def test_a_statement_of_ours_that_is_wrong_is_no_outage(adapter: Any, message: str) -> None:
    with pytest.raises(Thrown):
        await _ask(adapter, message)
