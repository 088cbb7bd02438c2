"""Pictures for designs: uploaded by content, shown on certificates, kept to their owner."""

import gzip
import hashlib
import struct
import zlib
from typing import Any

import pytest

from api.assets import MAX_ASSET_BYTES
from tests.api.conftest import Deployment, Site, fault, person
from tests.api.test_certificates import CERTIFICATE, JOB, can_issue, issued, listed
from tests.certificates_flow.conftest import DESIGN

__all__ = ["can_issue"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#123"/></svg>'


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0abc")) + chunk(b"IEND", b"")


def with_picture(name: str) -> dict[str, Any]:
    image = {"type": "image", "asset": name, "x": 10, "y": 10, "width": 20, "height": 20}
    elements = [*DESIGN["pages"][0]["elements"], image]
    return CERTIFICATE | {"design": DESIGN | {"pages": [{"elements": elements}]}}


@pytest.mark.parametrize(("data", "type_"), [(SVG, "image/svg+xml"), (png(), "image/png")])
async def test_a_picture_is_named_by_its_content_and_shown(
    site: Site, deployment: Deployment, data: bytes, type_: str
) -> None:
    response = await site.client.post("/v1/assets", content=data, headers={"Content-Type": "text/plain"})
    name = hashlib.sha256(data).hexdigest()
    assert (response.status_code, response.json()) == (201, {"name": name, "type": type_, "bytes": len(data)})
    assert deployment.files.objects[f"{site.id}/-/assets/{name}"].content_type == type_
    await issued(site, certificate=with_picture(name))
    assert len(await listed(site.client)) == 1
    [row] = deployment.database.query("SELECT target FROM audit WHERE action = 'asset.upload'")
    assert row["target"] == name


async def test_a_gzipped_picture_is_the_same(site: Site) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = await site.client.post("/v1/assets", content=gzip.compress(SVG), headers=headers)
    assert response.json()["name"] == hashlib.sha256(SVG).hexdigest()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8",
        SVG.replace(b"<rect", b"<script>alert(1)</script><rect"),
        SVG.replace(b"<rect", b'<rect onclick="x"'),
        SVG.replace(b"<rect", b'<image href="https://elsewhere.example/x.png"/><rect'),
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG,
    ],
)
async def test_what_no_certificate_could_show_is_refused(site: Site, deployment: Deployment, data: bytes) -> None:
    assert fault(await site.client.post("/v1/assets", content=data))[:2] == (422, "invalid-request")
    assert deployment.files.objects == {}


async def test_a_large_picture_is_refused(site: Site) -> None:
    response = await site.client.post("/v1/assets", content=b"x" * (MAX_ASSET_BYTES + 1))
    assert fault(response)[:2] == (413, "too-large")


async def test_a_company_has_its_sites_pictures_and_its_own_but_not_anothers(site: Site) -> None:
    north, south, dash = await site.company("north"), await site.company("south"), await site.company("-")
    names = {}
    for client, color in ((site.client, b"#000"), (north, b"#111"), (dash, b"#222")):
        names[client] = (await client.post("/v1/assets", content=SVG.replace(b"#123", color))).json()["name"]

    async def status(client: Any, name: str) -> int:
        body = JOB | {"certificate": with_picture(name), "recipients": [person(0)]}
        return int((await client.post("/v1/jobs", json=body)).status_code)

    assert await status(north, names[site.client]) == await status(north, names[north]) == 201
    assert await status(south, names[site.client]) == 201
    assert await status(south, names[north]) == await status(site.client, names[north]) == 422
    assert await status(south, names[dash]) == await status(site.client, names[dash]) == 422
