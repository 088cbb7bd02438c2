"""The button behind an expired link: a new one goes to the address on record, and whoever presses it learns nothing."""

import asyncio
import email
import email.policy
import json
import re
from typing import Any

import httpx
import pytest

from certificates import codes
from core.errors import (
    CredentialsRejected,
    DatabaseUncertain,
    OutcomeUnknown,
    Rejected,
    SendFailure,
    TemporarilyRefused,
)
from delivery_events.base import Kind, event
from mail.message import OutgoingMail
from pages import words
from providers.sandbox import Sandbox
from runtime.ports import Statement
from tests.api.test_certificates import CERTIFICATE, can_issue, one
from tests.api.test_verification import DAY, LINKED, mail_link, seen
from tests.worlds.api import Deployment, Site, person

__all__ = ["can_issue"]

ADDRESS = "198.51.100.7"
ZOE = [person(0, email="zoe@students.example", name="Zoë")]


@pytest.fixture
async def anybody(deployment: Deployment) -> httpx.AsyncClient:
    return await deployment.client(None)


@pytest.fixture
async def code(site: Site, deployment: Deployment) -> str:
    """Of a certificate whose own mail is out of the way."""
    made = await one(site, recipients=ZOE, message=LINKED)
    forget_mails(deployment)
    return str(made["code"])


def forget_mails(deployment: Deployment) -> None:
    for key in [key for key in deployment.files.objects if key.endswith(".eml")]:
        del deployment.files.objects[key]


def mails(deployment: Deployment) -> list[Any]:
    found = [stored.data for key, stored in deployment.files.objects.items() if key.endswith(".eml")]
    return [email.message_from_bytes(data, policy=email.policy.default) for data in found]


async def press(client: httpx.AsyncClient, code: str, language: str = "en") -> httpx.Response:
    response = await client.post(f"/verify/{code}/link", headers={"Accept-Language": language})
    assert "zoe@" not in response.text
    return response


async def test_the_page_of_a_valid_certificate_and_that_of_an_expired_link_have_the_button(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    code = (await one(site, message=LINKED, certificate=CERTIFICATE | {"link_days": 7}))["code"]
    button = f'<form method="post" action="/verify/{code}/link">'
    assert button in await seen(anybody, f"/verify/{code}")
    deployment.clock.advance(8 * DAY)
    assert button in await seen(anybody, mail_link(deployment), status=410)
    await site.client.post(f"/v1/certificates/{code}/revoke", json={"reason": "x"})
    assert button not in await seen(anybody, f"/verify/{code}")


async def test_pressing_it_mails_a_link_that_works_from_the_jobs_sender(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient
) -> None:
    message = LINKED | {
        "from": {"email": "dean@campus.example", "name": "Dean"},
        "reply_to": {"email": "q@campus.example"},
    }
    code = (await one(site, recipients=ZOE, message=message))["code"]
    forget_mails(deployment)
    deployment.clock.advance(100 * DAY)
    assert "Thank you" in (await press(anybody, code)).text
    [mail] = mails(deployment)
    assert mail["To"] == "Zoë <zoe@students.example>"
    assert mail["From"] == "Dean <dean@campus.example>"
    assert mail["Reply-To"] == "q@campus.example"
    assert mail["Subject"] == "Your certificate: Biology"
    text = mail.get_body(("plain",)).get_content()
    link = re.search(r"https://offload\.example(/c/\S+)", text)
    assert link
    assert link[1] in mail.get_body(("html",)).get_content().replace("&amp;", "&")
    assert (await anybody.get(link[1])).content.startswith(b"%PDF-")
    deployment.clock.advance(90 * DAY + 1)
    assert (await anybody.get(link[1])).status_code == 410


@pytest.mark.parametrize("language", sorted(words.codes()))
async def test_page_and_mail_are_in_the_readers_language(
    deployment: Deployment, anybody: httpx.AsyncClient, code: str, language: str
) -> None:
    told, direction = words.language(language).link, words.language(language).direction
    assert told.button in await seen(anybody, f"/verify/{code}", language)
    response = await press(anybody, code, language)
    assert told.asked_title in response.text
    [mail] = mails(deployment)
    assert mail["Subject"] == told.subject.replace("{title}", "Biology")
    html = mail.get_body(("html",)).get_content()
    assert f'<html lang="{language}" dir="{direction}">' in html
    assert told.open in html
    assert "{" not in html + mail.get_body(("plain",)).get_content()


async def test_the_answer_is_the_same_whether_or_not_a_mail_left(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, code: str
) -> None:
    mailed = await press(anybody, code)
    again = await press(anybody, code)
    assert again.text == mailed.text
    unknown = codes.make(b"x" * 32, "site", None, "award", "7", 1, {})
    assert (await press(anybody, unknown)).text == mailed.text.replace(code, unknown)
    await site.client.post(f"/v1/certificates/{code}/revoke", json={"reason": "x"})
    assert (await press(anybody, code)).text == mailed.text
    assert len(mails(deployment)) == 1
    mistyped = await press(anybody, ("1" if code[0] != "1" else "2") + code[1:])
    assert mistyped.status_code == 404


async def test_one_is_mailed_an_hour(deployment: Deployment, anybody: httpx.AsyncClient, code: str) -> None:
    await asyncio.gather(*(press(anybody, code) for _ in range(5)))
    assert len(mails(deployment)) == 1
    deployment.clock.advance(3599)
    await press(anybody, code)
    assert len(mails(deployment)) == 1
    deployment.clock.advance(1)
    await press(anybody, code)
    assert len(mails(deployment)) == 2


async def test_whoever_has_the_old_code_gets_a_link_to_the_corrected_one(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, code: str
) -> None:
    new = (await site.client.post(f"/v1/certificates/{code}/reissue", json={"name": "Zoe"})).json()["code"]
    await press(anybody, code)
    await press(anybody, new)  # the same holder: within the hour
    [mail] = mails(deployment)
    assert f"/c/{new}.pdf" in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize("reason", ["hard_bounce", "complaint", "unsubscribe", "manual"])
async def test_a_suppressed_address_is_not_mailed(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, code: str, reason: str
) -> None:
    await site.client.post("/v1/suppressions", json={"email": "zoe@students.example", "reason": reason})
    assert "Thank you" in (await press(anybody, code)).text
    assert mails(deployment) == []
    await site.client.request(
        "DELETE", "/v1/suppressions", json={"email": "zoe@students.example", "force": True, "note": "x"}
    )
    await press(anybody, code)  # the hour is not used up
    assert len(mails(deployment)) == 1


async def test_a_suppression_of_other_mail_is_none_of_this(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, code: str
) -> None:
    await site.client.post("/v1/suppressions", json={"email": "zoe@students.example", "category": "newsletter"})
    await press(anybody, code)
    assert len(mails(deployment)) == 1


async def test_nobody_is_mailed_by_a_disabled_site_or_after_their_data_is_gone(
    site: Site, deployment: Deployment, operator: httpx.AsyncClient, anybody: httpx.AsyncClient, code: str
) -> None:
    await operator.post(f"/v1/sites/{site.id}/disable")
    await press(anybody, code)
    await operator.post(f"/v1/sites/{site.id}/enable")
    deployment.database.query("UPDATE recipients SET email = ''")
    await press(anybody, code)
    assert mails(deployment) == []
    assert [row["link_mailed_at"] for row in deployment.database.query("SELECT * FROM certificates")] == [None]


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (TemporarilyRefused("busy", ""), True),
        (CredentialsRejected("unauthorized", ""), True),
        (Rejected("bad", ""), False),
        (OutcomeUnknown("response_lost", ""), False),
    ],
)
async def test_the_hour_is_given_back_only_where_certainly_nothing_left(
    deployment: Deployment,
    anybody: httpx.AsyncClient,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: SendFailure,
    again: bool,
) -> None:
    async def failing(*_: Any) -> str:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "deliver", failing)
        assert (await press(anybody, code)).status_code == 200
    await press(anybody, code)
    assert len(mails(deployment)) == again


async def test_a_lost_answer_of_the_database_mails_nobody_twice(
    deployment: Deployment, anybody: httpx.AsyncClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = deployment.database.batch
    lost: list[bool] = []

    async def lose(statements: list[Statement]) -> Any:
        result = await batch(statements)
        if not lost and any("SET link_mailed_at = ?2" in sql for sql, _ in statements):
            lost.append(True)
            raise DatabaseUncertain("connection lost")
        return result

    monkeypatch.setattr(deployment.database, "batch", lose)
    await press(anybody, code)
    await press(anybody, code)
    assert lost
    assert len(mails(deployment)) <= 1
    assert len(deployment.database.query("SELECT 1 FROM audit WHERE action = 'certificate.link_mailed'")) == 1


async def test_what_breaks_on_our_side_is_logged_and_the_answer_stays_the_same(
    anybody: httpx.AsyncClient, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def failing(*_: Any) -> str:
        raise RuntimeError("zoe@students.example")

    monkeypatch.setattr(Sandbox, "deliver", failing)
    assert "Thank you" in (await press(anybody, code)).text
    printed = capsys.readouterr().out
    assert "new link not mailed" in printed
    assert "zoe" not in printed


async def test_each_mail_leaves_an_audit_row_without_a_persons_data(
    site: Site, deployment: Deployment, anybody: httpx.AsyncClient, code: str
) -> None:
    deployment.front.address = ADDRESS
    await press(anybody, code)
    await press(anybody, code)
    [row] = deployment.database.query("SELECT * FROM audit WHERE action = 'certificate.link_mailed'")
    assert (row["site_id"], row["target"], row["role"]) == (site.id, code, "public")
    written = json.dumps(row)
    for private in ("zoe", ADDRESS):
        assert private not in written


async def test_an_event_of_this_mail_says_nothing_of_the_jobs_own(
    anybody: httpx.AsyncClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reference is no person's of a job, so that nobody in doubt is said to have been mailed."""
    sent: list[OutgoingMail] = []

    async def keep(_: Sandbox, mail: OutgoingMail) -> str:
        sent.append(mail)
        return "id"

    monkeypatch.setattr(Sandbox, "deliver", keep)
    await press(anybody, code)
    assert event(Kind.DELIVERED, 0, sent[0].reference, "").job is None


async def test_a_network_that_presses_too_often_is_told_to_wait(
    deployment: Deployment, anybody: httpx.AsyncClient, code: str
) -> None:
    deployment.sign_in_limit.most = 2
    deployment.front.address = ADDRESS
    statuses = [(await press(anybody, code)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
