"""Public routes of Open Badges: the credentials, the key that signs them, the lists of the revoked."""

from starlette.responses import Response

from api.calls import Call, Operation, answer
from certificates import codes
from certificates.credential import Issuer
from core import problems
from core.problems import Problem
from runtime import rate_limit
from store import credentials

JWT = "application/vc+jwt"
_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # wallets run in browsers too
    "Cache-Control": "public, max-age=300",  # they ask often, and a revocation need not be known within seconds
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def show(call: Call) -> Response:
    await _slow_down(call)
    code = codes.parse(call.path("code"))
    rows = await call.services.database.all(credentials.find(code)) if code else []
    if not rows:
        raise Problem(problems.NOT_FOUND, "There is no certificate with this code.")
    return Response(await _issuer(call).badge(rows[0]), media_type=JWT, headers=_HEADERS)


async def status_list(call: Call) -> Response:
    await _slow_down(call)
    number = call.path("list")
    found = []
    if number.isascii() and number.isdigit() and len(number) < 8:
        found = await call.services.database.all(credentials.ended_in_list(int(number)))
    if not found:
        raise Problem(problems.NOT_FOUND, "There is no such list.")
    ended = [row["place"] for row in found if row["ended"]]
    return Response(await _issuer(call).status_list(int(number), ended, call.now), media_type=JWT, headers=_HEADERS)


async def did_document(call: Call) -> Response:
    await _slow_down(call)
    return answer(await _issuer(call).document(), headers=_HEADERS)


async def _slow_down(call: Call) -> None:
    await rate_limit.check(call.services.page_limit, "credential", call.address)


def _issuer(call: Call) -> Issuer:
    return Issuer(call.services.settings, call.services.crypto)


_PROBLEMS = (problems.NOT_FOUND, problems.NOT_CONFIGURED, problems.RATE_LIMITED)

OPERATIONS = (
    Operation(
        "GET",
        "/credentials/status/{list}",
        "public",
        status_list,
        "Which certificates are valid no more, as a signed Bitstring Status List",
        {200: None},
        problems=_PROBLEMS,
    ),
    Operation(
        "GET",
        "/credentials/{code}",
        "public",
        show,
        "A certificate as an Open Badge 3.0, signed (VC-JWT)",
        {200: None},
        problems=_PROBLEMS,
    ),
    Operation(
        "GET",
        "/.well-known/did.json",
        "public",
        did_document,
        "The key that signs credentials (did:web)",
        {200: "Document"},
        problems=(problems.NOT_CONFIGURED, problems.RATE_LIMITED),
    ),
)
