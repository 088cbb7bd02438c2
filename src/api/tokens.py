"""Routes of a site's tokens, for the operator."""

import base64

from starlette.responses import Response

import problems
from api import present
from api.auth import hash_of
from api.bodies import JSON, read_json
from api.calls import Call, Operation, answer
from api.validation import check
from ports import Random, Row
from problems import Problem
from store import audit, sites, tokens

DAY = 86_400_000


def new_id(kind: str, random: Random) -> str:
    return f"{kind}_{random.token(16).hex()}"


def new_token(random: Random) -> str:
    return "cot_" + base64.urlsafe_b64encode(random.token(32)).decode().rstrip("=")


async def create(call: Call) -> Response:
    body = await read_json(call.request)
    check("NewToken", body)
    site_id, token_id = call.path("site"), new_id("tok", call.services.random)
    token, company = new_token(call.services.random), body.get("company")
    read_only = body.get("read_only", False)
    detail = {"before": None, "after": {"name": body["name"], "company": company, "read_only": read_only}}
    entry = call.entry("token.create", token_id, site_id=site_id, company=company, detail=detail)
    rows, _ = await call.services.database.batch(
        [
            tokens.insert(site_id, token_id, hash_of(token), body["name"], company, call.now, read_only=read_only),
            audit.insert_for_site(entry),
        ]
    )
    if not rows:
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return answer({**present.token(rows[0]), "token": token}, 201)


async def list_tokens(call: Call) -> Response:
    site_id = call.path("site")
    found, rows = await call.services.database.batch([sites.find(site_id), tokens.of_site(site_id, call.now)])
    if not found:
        raise Problem(problems.UNKNOWN_SITE, "There is no site with this id.")
    return answer({"tokens": [present.token(row) for row in rows]})


async def rotate(call: Call) -> Response:
    site_id, old, random = call.path("site"), call.path("token"), call.services.random
    token_id, token = new_id("tok", random), new_token(random)
    expires_at = call.now + DAY
    detail = {"expires_at": expires_at, "successor": token_id}
    entry = call.entry("token.rotate", old, site_id=site_id, detail=detail)
    found, rows, *_ = await call.services.database.batch(
        [
            tokens.find(site_id, old),
            tokens.insert_successor(site_id, old, token_id, hash_of(token), call.now),
            audit.insert_token_change(entry, lasting=True),
            tokens.expire(site_id, old, expires_at),
        ]
    )
    _the_token(found)
    if not rows:
        raise Problem(problems.TOKEN_EXPIRING, "It has a successor, or has expired. Rotate that one, or create one.")
    return answer({**present.token(rows[0]), "token": token}, 201)


async def delete(call: Call) -> Response:
    site_id, token_id = call.path("site"), call.path("token")
    entry = call.entry("token.delete", token_id, site_id=site_id)
    _, rows = await call.services.database.batch([audit.insert_token_change(entry), tokens.delete(site_id, token_id)])
    _the_token(rows)
    return Response(status_code=204)


def _the_token(rows: list[Row]) -> Row:
    if not rows:
        raise Problem(problems.UNKNOWN_TOKEN, "There is no token with this id in this site.")
    return rows[0]


_PATH = "/v1/sites/{site}/tokens"

OPERATIONS = (
    Operation(
        "POST",
        _PATH,
        "operator",
        create,
        "Create a token for the site or one company; it is shown only now",
        {201: "NewTokenAnswer"},
        bodies={JSON: "NewToken"},
        problems=(problems.UNKNOWN_SITE,),
    ),
    Operation("GET", _PATH, "operator", list_tokens, "List tokens", {200: "Tokens"}, problems=(problems.UNKNOWN_SITE,)),
    Operation(
        "POST",
        f"{_PATH}/{{token}}/rotate",
        "operator",
        rotate,
        "Get a successor; the old token works for 24 hours more",
        {201: "NewTokenAnswer"},
        problems=(problems.UNKNOWN_TOKEN, problems.TOKEN_EXPIRING),
    ),
    Operation(
        "DELETE",
        f"{_PATH}/{{token}}",
        "operator",
        delete,
        "Delete a token at once",
        {204: None},
        problems=(problems.UNKNOWN_TOKEN,),
    ),
)
