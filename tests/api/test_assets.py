"""Pictures and fonts for designs: uploaded by content, shown on certificates, kept to their owner, deleted."""

import gzip
import hashlib
import struct
import zlib
from typing import Any

import httpx
import pytest

from certificates.assets import MAX_BYTES
from core.errors import BucketUnavailable
from tests.api.test_certificates import CERTIFICATE, JOB, can_issue, issued, listed, work
from tests.certificates.fonts import truetype
from tests.worlds.api import Deployment, Site, fault, person
from tests.worlds.issuing import DESIGN

__all__ = ["can_issue"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="#123"/></svg>'


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0abc")) + chunk(b"IEND", b"")


def with_picture(name: str) -> dict[str, Any]:
    image = {"type": "image", "asset": name, "x": 10, "y": 10, "width": 20, "height": 20}
    return with_elements(image)


def with_elements(*more: dict[str, Any]) -> dict[str, Any]:
    elements = [*DESIGN["pages"][0]["elements"], *more]
    return CERTIFICATE | {"design": DESIGN | {"pages": [{"elements": elements}]}}


def with_font(name: str) -> dict[str, Any]:
    return with_elements(
        {"type": "text", "x": 10, "y": 10, "width": 90, "height": 20, "text": "aaa", "font": {"asset": name}}
    )


async def uploaded(client: httpx.AsyncClient, data: bytes = SVG) -> str:
    response = await client.post("/v1/assets", content=data)
    assert response.status_code == 201, response.text
    return str(response.json()["name"])


@pytest.mark.parametrize(("data", "type_"), [(SVG, "image/svg+xml"), (png(), "image/png")])
async def test_a_picture_is_named_by_its_content_and_shown(
    site: Site, deployment: Deployment, data: bytes, type_: str
) -> None:
    response = await site.client.post("/v1/assets", content=data, headers={"Content-Type": "text/plain"})
    name = hashlib.sha256(data).hexdigest()
    assert response.status_code == 201
    told: dict[str, Any] = {"name": name, "company": None, "type": type_, "bytes": len(data), "removed": []}
    assert response.json() == told | {"created_at": response.json()["created_at"]}
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
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        SVG.replace(b"<rect", b"<text>Dean</text><rect"),
        SVG.replace(b"<rect", b'<path d="nonsense"/><rect'),
        SVG.replace(b"<rect", b"<g>" * 5000 + b"</g>" * 5000 + b"<rect"),
        b"\0\1\0\0" + bytes(100),
        b"wOF2" + bytes(100),
        truetype(permission=2),
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG,
    ],
)
async def test_what_no_certificate_could_show_is_refused(site: Site, deployment: Deployment, data: bytes) -> None:
    assert fault(await site.client.post("/v1/assets", content=data))[:2] == (422, "invalid-request")
    assert deployment.files.objects == {}


async def test_a_large_picture_is_refused(site: Site) -> None:
    response = await site.client.post("/v1/assets", content=b"x" * (MAX_BYTES + 1))
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


async def test_what_runs_or_loads_is_taken_out_of_an_svg_and_told(site: Site, deployment: Deployment) -> None:
    data = SVG.replace(
        b"<rect", b'<script>alert(1)</script><image href="https://elsewhere.example/x"/><rect onload="x"'
    )
    answer = (await site.client.post("/v1/assets", content=data)).json()
    assert answer["removed"] == ["<script>", "<image>", "onload of <rect>"]
    stored = deployment.files.objects[f"{site.id}/-/assets/{answer['name']}"].data
    assert hashlib.sha256(stored).hexdigest() == answer["name"]
    assert len(stored) == answer["bytes"]
    assert b"alert" not in stored
    assert b"elsewhere" not in stored
    await issued(site, certificate=with_picture(answer["name"]))
    assert len(await listed(site.client)) == 1


async def test_a_font_is_uploaded_and_a_certificate_set_in_it(site: Site) -> None:
    data = truetype()
    response = await site.client.post("/v1/assets", content=data)
    assert response.json()["type"] == "font/ttf"
    await issued(site, certificate=with_font(response.json()["name"]))
    assert len(await listed(site.client)) == 1


async def test_a_font_is_no_picture_and_a_picture_no_font(site: Site) -> None:
    picture, font = await uploaded(site.client), await uploaded(site.client, truetype())
    for certificate in (with_picture(font), with_font(picture)):
        body = JOB | {"certificate": certificate, "recipients": [person(0)]}
        assert fault(await site.client.post("/v1/jobs", json=body))[:2] == (422, "template-refused")


async def test_assets_are_listed_newest_first_in_pages(site: Site, deployment: Deployment) -> None:
    names = []
    for color in (b"#000", b"#111", b"#222"):
        names.append(await uploaded(site.client, SVG.replace(b"#123", color)))
        deployment.clock.advance(1)
    await uploaded(site.client, SVG.replace(b"#123", b"#000"))  # again: the same, and as old as ever
    first = (await site.client.get("/v1/assets", params={"limit": 2})).json()
    assert [asset["name"] for asset in first["assets"]] == [names[2], names[1]]
    rest = (await site.client.get("/v1/assets", params={"cursor": first["next"]})).json()
    assert ([asset["name"] for asset in rest["assets"]], rest["next"]) == ([names[0]], None)


async def test_a_company_sees_its_own_assets_and_its_sites_but_deletes_only_its_own(site: Site) -> None:
    north, south = await site.company("north"), await site.company("south")
    shared, own = await uploaded(site.client), await uploaded(north, SVG.replace(b"#123", b"#111"))

    async def seen(client: httpx.AsyncClient) -> set[tuple[str, str | None]]:
        page = (await client.get("/v1/assets")).json()
        return {(asset["name"], asset["company"]) for asset in page["assets"]}

    assert await seen(north) == await seen(site.client) == {(shared, None), (own, "north")}
    assert await seen(south) == {(shared, None)}
    for client, name in ((north, shared), (south, shared), (south, own), (site.client, own)):
        for method in ("GET", "DELETE"):
            assert fault(await client.request(method, f"/v1/assets/{name}"))[:2] == (404, "unknown-asset")
    response = await south.delete(f"/v1/assets/{own}", params={"company": "north"})
    assert fault(response) == (422, "invalid-request", "company")
    assert (await north.get(f"/v1/assets/{own}")).json()["company"] == "north"
    assert (await site.client.delete(f"/v1/assets/{own}", params={"company": "north"})).status_code == 200
    assert await seen(site.client) == {(shared, None)}


async def test_another_sites_assets_are_not_there(site: Site, new_site: Any) -> None:
    name, other = await uploaded(site.client), await new_site()
    assert (await other.client.get("/v1/assets")).json()["assets"] == []
    assert fault(await other.client.delete(f"/v1/assets/{name}"))[:2] == (404, "unknown-asset")


async def test_what_a_job_needs_is_not_deleted_until_it_is_over(site: Site, deployment: Deployment) -> None:
    name, unused = await uploaded(site.client), await uploaded(site.client, SVG.replace(b"#123", b"#111"))
    body = JOB | {"certificate": with_picture(name), "recipients": [person(0)]}
    job = (await site.client.post("/v1/jobs", json=body)).json()["id"]
    refused = await site.client.delete(f"/v1/assets/{name}")
    assert fault(refused)[:2] == (409, "asset-in-use")
    assert job in refused.json()["detail"]
    assert (await site.client.delete(f"/v1/assets/{unused}")).status_code == 200

    await site.client.post(f"/v1/jobs/{job}/start")
    await work(deployment)
    [certificate] = await listed(site.client)
    assert (await site.client.delete(f"/v1/assets/{name}")).status_code == 200
    assert f"{site.id}/-/assets/{name}" not in deployment.files.objects
    link = (await site.client.post(f"/v1/certificates/{certificate['code']}/link")).json()["url"]
    pdf = (await site.client.get(link.removeprefix("https://offload.example"))).content
    assert hashlib.sha256(pdf).hexdigest() == certificate["sha256"]
    actions = deployment.database.query("SELECT action, target FROM audit WHERE action LIKE 'asset.%' ORDER BY id")
    assert [(row["action"], row["target"]) for row in actions][2:] == [("asset.delete", unused), ("asset.delete", name)]


async def test_a_deletion_that_the_store_did_not_do_can_be_repeated(
    site: Site, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await uploaded(site.client)

    async def down(*_: Any) -> None:
        raise BucketUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(deployment.files, "delete", down)
        assert fault(await site.client.delete(f"/v1/assets/{name}"))[:2] == (503, "unavailable")
    assert (await site.client.delete(f"/v1/assets/{name}")).status_code == 200
    assert (await site.client.get("/v1/assets")).json()["assets"] == []


async def test_a_picture_deleted_under_a_job_pauses_it_until_it_is_there_again(
    site: Site, deployment: Deployment
) -> None:
    name = await uploaded(site.client)
    body = JOB | {"certificate": with_picture(name), "recipients": [person(0)], "start": True}
    job = (await site.client.post("/v1/jobs", json=body)).json()["id"]
    await deployment.files.delete([f"{site.id}/-/assets/{name}"])
    await work(deployment)
    shown = (await site.client.get(f"/v1/jobs/{job}")).json()
    assert shown["state"] == "paused"
    assert name in shown["detail"]
    await uploaded(site.client)
    await site.client.post(f"/v1/jobs/{job}/resume")
    await work(deployment)
    assert (await site.client.get(f"/v1/jobs/{job}")).json()["counts"]["sent"] == 1


async def test_a_companys_logo_is_not_deleted_while_it_is_one(site: Site) -> None:
    name, north = await uploaded(site.client), await site.company("north")
    assert (await north.put("/v1/companies/north", json={"logo": name})).status_code == 200
    refused = await site.client.delete(f"/v1/assets/{name}")
    assert fault(refused)[:2] == (409, "asset-in-use")
    assert "north" in refused.json()["detail"]
    await north.put("/v1/companies/north", json={"logo": None})
    assert (await site.client.delete(f"/v1/assets/{name}")).status_code == 200
