"""Pictures that designs of certificates show: uploaded once, named by their content.

The promise: what a picture is follows from its content, not from what was said of it; an SVG holds nothing that runs or
refers to anything outside it; and a name always means the same bytes.
"""

import hashlib

from starlette.responses import Response

import certs
import problems
from api.bodies import read_bytes
from api.calls import Call, Operation, answer
from errors import TemplateRefused
from problems import invalid
from store import audit

MAX_ASSET_BYTES = 2_000_000
SVG, PNG, JPEG = "image/svg+xml", "image/png", "image/jpeg"


async def upload(call: Call) -> Response:
    data = await read_bytes(call.request, MAX_ASSET_BYTES)
    type_ = _type_of(data)
    name, scope = hashlib.sha256(data).hexdigest(), call.scope
    await call.services.files.put(certs.asset_key(scope.site_id, scope.company, name), data, type_)
    detail = {"type": type_, "bytes": len(data)}
    entry = call.entry("asset.upload", name, site_id=scope.site_id, company=scope.company, detail=detail)
    await call.services.database.batch([audit.insert(entry)])
    return answer({"name": name, **detail}, 201)


def _type_of(data: bytes) -> str:
    """Raises an `invalid-request` problem where a certificate could not show it."""
    from certificates import pictures, svg

    try:
        if pictures.is_svg(data):
            svg.check(data, "")
            return SVG
        pictures.raster(data, "")
    except TemplateRefused as fault:
        raise invalid("", f"The picture {fault.detail}") from None
    except KeyError:
        raise invalid("", "The picture is damaged") from None
    return JPEG if data.startswith(b"\xff\xd8") else PNG


OPERATIONS = (
    Operation(
        "POST",
        "/v1/assets",
        "site",
        upload,
        "Upload a picture for designs of certificates",
        {201: "Asset"},
        bodies=dict.fromkeys((SVG, PNG, JPEG), "Picture"),
        problems=(problems.INVALID,),
    ),
)
