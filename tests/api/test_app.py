"""Every answer has a number and the headers of security; an error that nobody thought of tells the caller nothing."""

import json
from typing import Any

import pytest

from app import app
from core.errors import DatabaseUncertain
from runtime.ports import Statement
from tests.worlds.api import Site, fault


async def test_every_answer_has_a_number_and_the_security_headers(site: Site) -> None:
    for response in (await site.client.get("/v1/jobs"), await site.client.get("/v1/jobs/x")):
        assert response.headers["x-request-id"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_the_number_is_the_fronts_where_it_gives_one(site: Site) -> None:
    site.deployment.front.request_id = "8c1d-FRA"
    response = await site.client.get("/v1/jobs/x")
    assert response.headers["x-request-id"] == "8c1d-FRA"
    assert response.json()["instance"] == "urn:offload:request:8c1d-FRA"


async def test_an_unexpected_error_is_logged_by_type_and_place_and_tells_the_caller_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(_: Statement) -> None:
        raise ValueError("ann@example.com")

    monkeypatch.setattr(site.deployment.database, "all", broken)
    response = await site.client.get("/v1/jobs")
    assert fault(response) == (500, "internal", "")
    printed = capsys.readouterr().out
    assert "ann@example.com" not in response.text + printed
    assert "ValueError" not in response.text
    line = json.loads(printed.splitlines()[-1])
    assert line["level"] == "error"
    assert line["reason"].startswith("ValueError at test_app.py:")
    assert response.headers["x-request-id"] in line["reason"]


async def test_a_lost_answer_says_that_the_request_may_have_been_carried_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_: Statement) -> None:
        raise DatabaseUncertain("Network connection lost")

    monkeypatch.setattr(site.deployment.database, "all", lost)
    response = await site.client.get("/v1/jobs")
    assert fault(response) == (503, "outcome-unknown", "")
    assert "may have been carried out" in response.json()["detail"]


async def test_head_is_get_without_the_body(site: Site) -> None:
    job = await site.job(1)
    for path in ("/v1/jobs", f"/v1/jobs/{job}/recipients"):
        head, get = await _bare(site, "HEAD", path), await _bare(site, "GET", path)
        assert (head[0]["status"], head[1:]) == (200, [{"type": "http.response.body", "body": b""}])
        assert {name for name, _ in head[0]["headers"]} == {name for name, _ in get[0]["headers"]}
    assert (await _bare(site, "HEAD", "/v1/jobs/x"))[0]["status"] == 404


async def _bare(site: Site, method: str, path: str) -> list[dict[str, Any]]:
    """What the app itself sends: a client would drop the body of an answer to HEAD."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {site.token}".encode()), (b"accept", b"text/csv")]
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": method, "path": path, "query_string": b""}
    await app(site.deployment.services())(scope | {"headers": headers}, receive, send)
    return sent
