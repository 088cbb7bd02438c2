"""Routes of a site's tokens, for the operator."""

from starlette.responses import Response

from api import present
from api.bodies import JSON, read_body
from api.calls import Call, Operation, answer
from core import problems
from core.scope import Scope
from store import tokens as stored
from tenancy import sites, tokens


async def create(call: Call) -> Response:
    body = await read_body(call.request, "NewToken")
    name, company, read_only = body["name"], body.get("company"), body.get("read_only", False)
    entry = call.entry("token.create", "")
    made = await tokens.create(call.services, call.path("site"), name, company, read_only, entry)
    return answer({**present.token(made.row), "token": made.token}, 201)


async def list_tokens(call: Call) -> Response:
    site = await sites.find(call.services, call.path("site"))
    rows = await call.services.database.all(stored.page(Scope(site["id"]), call.now))
    return answer({"tokens": [present.token(row) for row in rows]})


async def rotate(call: Call) -> Response:
    entry = call.entry("token.rotate", "")
    made = await tokens.rotate(call.services, call.path("site"), call.path("token"), entry)
    return answer({**present.token(made.row), "token": made.token}, 201)


async def delete(call: Call) -> Response:
    await tokens.delete(call.services, call.path("site"), call.path("token"), call.entry("token.delete", ""))
    return Response(status_code=204)


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
