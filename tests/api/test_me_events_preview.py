"""The test button tells each fault by itself, events are pulled in order, and a preview sends nothing."""

import json
from typing import Any

import pytest

from core.errors import BucketUnavailable, ConnectionFailed, DatabaseBusy, QueueUnavailable
from core.version import VERSION
from monitoring import connection
from runtime.ports import HttpRequest, HttpResponse
from tests.worlds.api import MESSAGE, Site, fault, person


async def test_the_test_button_says_who_calls_and_that_all_answers(site: Site) -> None:
    answer = (await site.client.get("/v1/me")).json()
    assert (answer["role"], answer["site"], answer["company"]) == ("site", {"id": site.id, "name": "Campus"}, None)
    assert answer["version"] == VERSION
    assert answer["provider"]["name"] == "sandbox"
    assert answer["provider"]["ok"]
    assert [check["ok"] for check in answer["checks"].values()] == [True] * 4
    company = (await (await site.company("Acme")).get("/v1/me")).json()
    assert (company["role"], company["company"]) == ("company", "Acme")


async def test_each_check_tells_its_own_fault_and_never_breaks_the_button(
    new_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await new_site(provider="resend", callback_url="https://moodle.example/hook")

    def refused(_: HttpRequest) -> HttpResponse:
        raise ConnectionFailed("moodle.example")

    async def unavailable(*_: Any) -> None:
        raise BucketUnavailable("R2: ann@example.com")

    async def broken(*_: Any) -> None:
        raise QueueUnavailable("queue")

    site.deployment.answer = refused
    monkeypatch.setattr(site.deployment.files, "keys", unavailable)
    monkeypatch.setattr(site.deployment.callbacks, "send", broken)
    answer = (await site.client.get("/v1/me")).json()
    assert not answer["provider"]["ok"]
    assert "RESEND_API_KEY" in answer["provider"]["detail"]
    assert {name: check["ok"] for name, check in answer["checks"].items()} == {
        "database": True,
        "files": False,
        "queue": False,
        "callback": False,
    }
    assert "ann@example.com" not in json.dumps(answer)


async def test_a_database_that_fails_one_check_and_an_unexpected_error_are_told(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> str:
        raise DatabaseBusy("overloaded")

    async def bug(*_: Any) -> str:
        raise KeyError("ann@example.com")

    monkeypatch.setitem(connection.CHECKS, "database", busy)
    monkeypatch.setitem(connection.CHECKS, "files", bug)
    checks = (await site.client.get("/v1/me")).json()["checks"]
    assert checks["database"] == {"ok": False, "detail": "does not answer"}
    assert not checks["files"]["ok"]
    assert "ann@example.com" not in checks["files"]["detail"]


async def test_a_check_that_hangs_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    async def hanging(*_: Any) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(connection, "SECONDS", 0.05)
    monkeypatch.setitem(connection.CHECKS, "queue", hanging)
    checks = (await site.client.get("/v1/me")).json()["checks"]
    assert not checks["queue"]["ok"]
    assert checks["database"]["ok"]


async def test_the_callback_url_is_tried_and_its_fault_told(new_site: Any) -> None:
    site = await new_site(callback_url="https://moodle.example/hook")

    def echo(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())

    site.deployment.answer = echo
    assert (await site.client.get("/v1/me")).json()["checks"]["callback"]["ok"]
    site.deployment.answer = lambda _: HttpResponse(200, {}, b"<html>upgrading</html>")
    assert not (await site.client.get("/v1/me")).json()["checks"]["callback"]["ok"]


async def test_events_are_pulled_in_order_and_each_caller_sees_its_own(site: Site) -> None:
    acme = await site.company("Acme")
    jobs = [await site.job(1), await site.job(1, company="Acme")]
    for job in jobs:
        await site.client.post(f"/v1/jobs/{job}/start")
        await site.client.post(f"/v1/jobs/{job}/pause")
        await site.client.post(f"/v1/jobs/{job}/cancel")
    everything = (await site.client.get("/v1/events")).json()
    assert {event["data"]["job"] for event in everything["events"]} == set(jobs)
    of_acme = (await acme.get("/v1/events")).json()["events"]
    assert of_acme
    assert {event["data"]["job"] for event in of_acme} == {jobs[1]}
    pulled: list[str] = []
    after = None
    while True:
        query = {"limit": "1"} | ({"after": after} if after else {})
        page = (await site.client.get("/v1/events", params=query)).json()
        if not page["events"]:
            break
        pulled += [event["id"] for event in page["events"]]
        after = page["next"]
    assert pulled == [event["id"] for event in everything["events"]]
    assert page["next"] == after  # to be asked again later


async def test_before_the_first_event_there_is_nothing_to_go_on_from(site: Site) -> None:
    assert (await site.client.get("/v1/events")).json() == {"events": [], "next": None}
    assert fault(await site.client.get("/v1/events?after=7")) == (422, "invalid-request", "after")


async def test_a_preview_shows_the_mail_for_one_person_and_sends_nothing(site: Site) -> None:
    body = {"message": MESSAGE | {"headers": {"X-Course": "7"}}, "recipient": person(1, name="Zoë <b>")}
    answer = (await site.client.post("/v1/preview", json=body)).json()
    assert answer["subject"] == "Hello Zoë <b>"
    assert answer["html"] == "<p>Dear Zoë &lt;b&gt;</p>"
    assert "Dear Zoë" in answer["text"]
    assert answer["from"] == {"email": "noreply@campus.example", "name": "Campus"}
    assert answer["to"]["email"] == "u1@example.com"
    assert answer["headers"]["X-Course"] == "7"
    assert not site.deployment.files.objects
    assert site.deployment.database.query("SELECT id FROM jobs") == []


@pytest.mark.parametrize(
    ("message", "recipient", "expected"),
    [
        (MESSAGE | {"html": "{{ course }}"}, person(1), (422, "recipient-fault", "/recipient/variables/course")),
        (MESSAGE, person(1, email="nobody"), (422, "recipient-fault", "/recipient")),
        (MESSAGE | {"html": "{% if %}"}, person(1), (422, "template-refused", "/message/html")),
        (MESSAGE, {"email": "a@example.com"}, (422, "invalid-request", "/recipient/ref")),
    ],
)
async def test_a_preview_that_cannot_be_made_says_why(
    site: Site, message: Any, recipient: Any, expected: tuple[int, str, str]
) -> None:
    assert fault(await site.client.post("/v1/preview", json={"message": message, "recipient": recipient})) == expected


@pytest.mark.parametrize(
    "html",
    [
        "{% for a in range(10**9) %}x{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{{ b }}{% endfor %}{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    ],
)
async def test_a_template_bomb_is_an_error_and_soon(site: Site, html: str) -> None:
    body = {"message": MESSAGE | {"html": html}, "recipient": person(1)}
    status, slug, _ = fault(await site.client.post("/v1/preview", json=body))
    assert (status, slug) in {(422, "template-refused"), (422, "recipient-fault")}
