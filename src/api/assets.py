"""Routes of assets: the pictures and fonts that designs of certificates refer to by name."""

from starlette.responses import Response

from api import present, query
from api.bodies import read_bytes
from api.calls import Call, Operation, answer
from certificates import assets
from core import problems
from core.errors import TemplateRefused
from core.problems import invalid
from store import assets as rows


async def upload(call: Call) -> Response:
    try:
        file = assets.judged(await read_bytes(call.request, assets.MAX_BYTES))
    except TemplateRefused as fault:
        raise invalid("", f"The file {fault.detail}") from None
    scope, detail = call.scope, {"type": file.type, "bytes": len(file.data)}
    entry = call.entry("asset.upload", file.name, site_id=scope.site_id, company=scope.company, detail=detail)
    row = await assets.keep(call.services, scope, file, entry)
    return answer({**present.asset(row), "removed": file.removed}, 201)


async def list_assets(call: Call) -> Response:
    limit = query.limit(call)
    found = await call.services.database.all(rows.page(call.scope, query.time_cursor(call), limit + 1))
    found, following = query.page(found, limit, "created_at", "place")
    return answer({"assets": [present.asset(row) for row in found], "next": following})


async def show(call: Call) -> Response:
    return answer(
        present.asset(await assets.find(call.services, call.scope.site_id, _company(call), call.path("name")))
    )


async def delete(call: Call) -> Response:
    name, site_id = call.path("name"), call.scope.site_id
    entry = call.entry("asset.delete", name)
    return answer(present.asset(await assets.delete(call.services, site_id, _company(call), name, entry)))


def _company(call: Call) -> str | None:
    """Whose it is: a company's token speaks for its company, and does not learn whether there are others."""
    own, asked = call.scope.company, query.text(call, "company")
    if own is not None and asked not in (None, own):
        raise invalid("company", "there is no such company for this token")
    return own or asked


_ID = "/v1/assets/{name}"
_FILE = dict.fromkeys((assets.SVG, assets.PNG, assets.JPEG, assets.TRUETYPE, assets.OPENTYPE), "AssetFile")

OPERATIONS = (
    Operation(
        "POST",
        "/v1/assets",
        "site",
        upload,
        "Upload a picture or a font for designs of certificates",
        {201: "NewAssetAnswer"},
        bodies=_FILE,
        problems=(problems.INVALID, problems.LIMIT_REACHED),
    ),
    Operation(
        "GET",
        "/v1/assets",
        "site",
        list_assets,
        "List pictures and fonts, newest first",
        {200: "Assets"},
        query=("cursor", "limit"),
    ),
    Operation(
        "GET",
        _ID,
        "site",
        show,
        "Show what is known of a picture or a font",
        {200: "Asset"},
        query=("asset_company",),
        problems=(problems.UNKNOWN_ASSET,),
    ),
    Operation(
        "DELETE",
        _ID,
        "site",
        delete,
        "Delete a picture or a font that no job needs any more; issued certificates keep it",
        {200: "Asset"},
        query=("asset_company",),
        problems=(problems.UNKNOWN_ASSET, problems.ASSET_IN_USE),
    ),
)
