"""Unsubscribing, from the mail's link to the next claim: what a person chose holds at once, and for them only."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import app
from core.errors import ConfigurationError, DatabaseBusy, MissingForEverybody, TemplateRefused
from core.scope import Scope
from jobs import actions as jobs
from mail.message import OutgoingMail
from runtime.settings import Settings
from suppressions import unsubscribe
from tests.doubles.d1 import SqliteDatabase
from tests.worlds.world import MESSAGE, SITE, World, person

SETTINGS = {"PUBLIC_URL": "https://offload.example/", "SIGNING_SECRET": "a secret of 32 characters, or more"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
WITH_LINK = {**MESSAGE, "html": '<p>{{ name }}: <a href="{{ unsubscribe_url }}">unsubscribe</a></p>'}


@pytest.fixture
def world(world: World) -> World:
    world.services = replace(world.services, settings=Settings(SETTINGS))
    kept: list[OutgoingMail] = []

    def keep(mail: OutgoingMail) -> str:
        kept.append(mail)
        return "id"

    world.provider.script = keep
    keep.mails = kept  # type: ignore[attr-defined]
    return world


def mails(world: World) -> list[OutgoingMail]:
    """What was sent."""
    kept: list[OutgoingMail] = world.provider.script.mails  # type: ignore[attr-defined]
    return kept


class Browser:
    """A person's browser, mail program or mail provider."""

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self._world = world
        self._client = client

    def link(self, job: str, position: int = 0) -> str:
        return unsubscribe.link(self._world.services.settings, job, position)

    async def look(self, link: str, language: str = "en") -> httpx.Response:
        return await self._client.get(link, headers={"Accept-Language": language})

    async def post(self, link: str, body: dict[str, str], **more: Any) -> httpx.Response:
        return await self._client.post(link, data=body, **more)

    async def choose(self, link: str, choice: str) -> str:
        response = await self.post(link, {"choice": choice})
        assert response.status_code == 200, response.text
        return response.text


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as clients:
        transport = httpx.ASGITransport(app(world.services))
        yield Browser(world, await clients.enter_async_context(httpx.AsyncClient(transport=transport)))


async def mailing(world: World, category: str = "", people: int | list[dict[str, Any]] = 2, **more: Any) -> str:
    content = {"message": MESSAGE, "unsubscribe": True}
    return await world.draft(people, category=category, **({"content": content} | more))


async def sent(world: World, **more: Any) -> dict[str, int]:
    job = await mailing(world, **more)
    await jobs.start(world.services, more.get("scope") or world.scope, job)
    await world.work()
    return world.states(job)


def suppressed(world: World) -> list[tuple[str, str, str]]:
    rows = world.database.query("SELECT company, email, category FROM suppressions ORDER BY 2, 1, 3")
    return [(row["company"], row["email"], row["category"]) for row in rows]


def everything(database: SqliteDatabase) -> list[Any]:
    tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [database.query(f"SELECT * FROM {table['name']}") for table in tables]


# the mail


async def test_a_mail_has_the_headers_of_rfc_8058_and_the_link_is_its_own_persons(world: World) -> None:
    job = await mailing(world, content={"message": WITH_LINK, "unsubscribe": True})
    await jobs.start(world.services, world.scope, job)
    await world.work()
    for position, mail in enumerate(sorted(mails(world), key=lambda mail: mail.to.email)):
        url = unsubscribe.link(world.services.settings, job, position)
        assert mail.headers["List-Unsubscribe"] == f"<{url}>"
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert f'href="{url}"' in mail.html
        assert url.startswith("https://offload.example/u/")
    assert len(mails(world)) == 2


async def test_transactional_mail_has_no_link_and_its_template_cannot_name_one(world: World) -> None:
    job = await world.job(1)
    await world.work()
    [mail] = mails(world)
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & mail.headers.keys()
    job = await world.draft(1, message=WITH_LINK)
    with pytest.raises(MissingForEverybody) as caught:
        await jobs.start(world.services, world.scope, job)
    assert caught.value.names == ("unsubscribe_url",)


async def test_no_variable_takes_the_place_of_the_link(world: World) -> None:
    forged = person(0, variables={"unsubscribe_url": "https://evil.example"})
    job = await mailing(world, people=[forged], content={"message": WITH_LINK, "unsubscribe": True})
    await jobs.start(world.services, world.scope, job)
    await world.work()
    assert "evil" not in mails(world)[0].html


async def test_a_job_cannot_set_those_headers_beside_the_option(world: World) -> None:
    message = {**MESSAGE, "headers": {"List-unsubscribe": "<mailto:office@example.org>"}}
    with pytest.raises(TemplateRefused, match="set by the option"):
        await mailing(world, content={"message": message, "unsubscribe": True})
    await mailing(world, content={"message": message})
    many = {**MESSAGE, "headers": {f"X-{number}": "x" for number in range(12)}}
    with pytest.raises(TemplateRefused, match="at most 11"):
        await mailing(world, content={"message": many, "unsubscribe": True})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *[
            ("PUBLIC_URL", value)
            for value in ("", "http://offload.example", "https://a.example/path", "offload.example")
        ],
        *[("SIGNING_SECRET", value) for value in ("", "x" * 31)],
    ],
)
async def test_a_job_with_links_is_refused_where_a_setting_for_them_is_missing_or_wrong(
    world: World, setting: str, value: str
) -> None:
    world.services = replace(world.services, settings=Settings({**SETTINGS, setting: value}))
    with pytest.raises(ConfigurationError) as caught:
        await mailing(world)
    assert caught.value.setting == setting
    await world.draft(1)  # without links, no such setting is needed


async def test_a_setting_that_goes_missing_later_pauses_the_job_and_mails_nobody(world: World) -> None:
    job = await mailing(world)
    await jobs.start(world.services, world.scope, job)
    world.services = replace(world.services, settings=Settings({"PUBLIC_URL": SETTINGS["PUBLIC_URL"]}))
    await world.work()
    row = await world.show(job)
    assert (row["state"], row["reason"], row["pending"]) == ("paused", "credentials_rejected", 2)
    assert "SIGNING_SECRET" in row["detail"]
    assert mails(world) == []


async def test_on_this_machine_the_address_may_be_http() -> None:
    local = Settings({**SETTINGS, "PUBLIC_URL": "http://127.0.0.1:8787", "LOCAL": "yes"})
    assert local.public_url == "http://127.0.0.1:8787"


# the token


async def test_a_token_names_nobody_and_any_change_to_it_makes_it_worthless(world: World, browser: Browser) -> None:
    job = await mailing(world)
    token = browser.link(job, 1).rpartition("/")[2]
    assert unsubscribe.read(world.services.settings, token) == (job, 1)
    for place in range(len(token)):
        for other in "Aa0_":
            if token[place] != other:
                assert unsubscribe.read(world.services.settings, token[:place] + other + token[place + 1 :]) is None
    for spoiled in (token[:-1], token + "A", token + "====", f"{token[:10]} {token[10:]}", "", "preview", "é" * 48):
        assert unsubscribe.read(world.services.settings, spoiled) is None
    other_secret = Settings({**SETTINGS, "SIGNING_SECRET": "x" * 32})
    assert unsubscribe.read(other_secret, token) is None


async def test_a_link_of_the_secret_before_works_still_and_new_ones_are_of_the_new_secret(world: World) -> None:
    values = dict(SETTINGS)
    world.services = replace(world.services, settings=Settings(values))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(world.services))) as client:
        browser, job = Browser(world, client), await mailing(world)
        old = browser.link(job)
        values |= {"SIGNING_SECRET": "n" * 32, "SIGNING_SECRET_PREVIOUS": SETTINGS["SIGNING_SECRET"]}
        new = browser.link(job)
        assert new != old
        assert [(await browser.look(link)).status_code for link in (old, new)] == [200, 200]
        del values["SIGNING_SECRET_PREVIOUS"]
        assert [(await browser.look(link)).status_code for link in (old, new)] == [404, 200]


def test_a_secret_before_that_is_too_short_is_named() -> None:
    short = Settings({**SETTINGS, "SIGNING_SECRET_PREVIOUS": "x" * 31})
    with pytest.raises(ConfigurationError) as error:
        unsubscribe.read(short, unsubscribe.link(short, "job_" + "0" * 32, 0).rpartition("/")[2])
    assert error.value.setting == "SIGNING_SECRET_PREVIOUS"


async def test_a_forged_token_changes_nothing_and_is_told_kindly(world: World, browser: Browser) -> None:
    job = await mailing(world)
    link = browser.link(job)
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    for response in (await browser.look(forged), await browser.post(forged, ONE_CLICK)):
        assert response.status_code == 404
        assert "This link does not work" in response.text
    assert suppressed(world) == []


async def test_a_link_of_somebody_who_is_no_longer_on_record_says_so(world: World, browser: Browser) -> None:
    job = await mailing(world)
    world.database.query("DELETE FROM recipients")
    for response in (await browser.look(browser.link(job)), await browser.post(browser.link(job), ONE_CLICK)):
        assert response.status_code == 410
        assert "no longer on record" in response.text


# looking


async def test_looking_changes_nothing(world: World, browser: Browser) -> None:
    job = await mailing(world, "news")
    before = everything(world.database)
    for link in (browser.link(job), browser.link(job) + "?List-Unsubscribe=One-Click&choice=all&utm_source=mail"):
        assert (await browser.look(link)).status_code == 200
    assert everything(world.database) == before


async def test_the_page_says_who_mails_whom_without_the_whole_address(world: World, browser: Browser) -> None:
    job = await mailing(world, "course-reminders", scope=Scope(SITE, "nordic"))
    page = (await browser.look(browser.link(job))).text
    assert "School · nordic" in page
    assert "course reminders" in page
    assert "p•••@example.com" in page
    assert "person0" not in page
    assert 'value="category"' in page
    assert 'value="all"' in page
    assert 'value="undo"' not in page


async def test_nothing_on_the_page_is_ever_markup_of_a_site(world: World, browser: Browser) -> None:
    world.database.query("UPDATE sites SET name = '<script>alert(1)</script>{site}'")
    page = (await browser.look(browser.link(await mailing(world)))).text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{site}" in page


# choosing


@pytest.mark.parametrize("multipart", [False, True])
async def test_one_post_of_a_mail_provider_is_enough(world: World, browser: Browser, multipart: bool) -> None:
    job = await mailing(world, "news")
    if multipart:
        response = await browser.post(browser.link(job), {}, files={"List-Unsubscribe": (None, "One-Click")})
    else:
        response = await browser.post(browser.link(job), ONE_CLICK)
    assert response.status_code == 200
    assert not {"location", "set-cookie"} & response.headers.keys()
    assert suppressed(world) == [("", "person0@example.com", "news")]


@pytest.mark.parametrize(
    "body", [b"", b"choice=everything", b"List-Unsubscribe=Two-Click", b"\xff\xfe=1", b"x" * 9_000]
)
async def test_a_post_that_says_nothing_changes_nothing(world: World, browser: Browser, body: bytes) -> None:
    job = await mailing(world, "news")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser._client.post(browser.link(job), content=body, headers=headers)
    assert response.status_code == 400
    assert "Nothing was changed" in response.text
    assert suppressed(world) == []


async def test_a_category_lets_other_mail_through(world: World, browser: Browser) -> None:
    page = await browser.choose(browser.link(await mailing(world, "news")), "category")
    assert "gets no more mail of the kind" in page
    assert await sent(world, category="news") == {"sent": 1, "suppressed": 1}
    assert await sent(world, category="courses") == {"sent": 2}
    assert await sent(world) == {"sent": 2}


async def test_all_mail_is_all_mail(world: World, browser: Browser) -> None:
    page = await browser.choose(browser.link(await mailing(world, "news")), "all")
    assert "gets no more mail from" in page
    assert 'value="all"' not in page
    for category in ("news", "courses", ""):
        assert await sent(world, category=category) == {"sent": 1, "suppressed": 1}


async def test_mail_without_a_category_is_stopped_altogether(world: World, browser: Browser) -> None:
    link = browser.link(await mailing(world))
    assert 'value="category"' not in (await browser.look(link)).text
    await browser.post(link, ONE_CLICK)
    assert suppressed(world) == [("", "person0@example.com", "")]


async def test_one_companys_mail_is_stopped_and_no_others(world: World, browser: Browser) -> None:
    nordic, iberia = Scope(SITE, "nordic"), Scope(SITE, "iberia")
    await browser.choose(browser.link(await mailing(world, scope=nordic)), "all")
    assert await sent(world, scope=nordic) == {"sent": 1, "suppressed": 1}
    assert await sent(world, scope=iberia) == {"sent": 2}
    assert await sent(world) == {"sent": 2}


async def test_who_unsubscribes_while_the_job_runs_is_not_mailed_by_it_any_more(world: World, browser: Browser) -> None:
    earlier = await mailing(world, "news", people=60)
    job = await mailing(world, "news", people=60)
    await jobs.start(world.services, world.scope, job)

    async def unsubscribing(_mail: OutgoingMail) -> str:
        if not suppressed(world):  # the first mail is under way, the last person's group is not claimed yet
            await browser.post(browser.link(earlier, 59), ONE_CLICK)
        return "id"

    world.provider.script = unsubscribing
    await world.work()
    assert world.states(job) == {"sent": 59, "suppressed": 1}
    last = world.people(job)[59]
    assert (last["state"], last["reason"]) == ("suppressed", "unsubscribe")
    world.check()


async def test_choosing_twice_is_the_same_as_once(world: World, browser: Browser) -> None:
    link = browser.link(await mailing(world, "news"))
    first = await browser.post(link, ONE_CLICK)
    before = everything(world.database)
    assert (await browser.post(link, ONE_CLICK)).text == first.text
    assert await browser.choose(link, "category") == first.text
    assert everything(world.database) == before


async def test_what_a_person_chose_they_can_undo(world: World, browser: Browser) -> None:
    link = browser.link(await mailing(world, "news"))
    await browser.choose(link, "category")
    await browser.choose(link, "all")
    page = await browser.choose(link, "undo")
    assert "gets mail from" in page
    assert 'value="undo"' not in page
    assert suppressed(world) == []
    assert await sent(world, category="news") == {"sent": 2}


@pytest.mark.parametrize("reason", ["complaint", "unsubscribe", "manual", "hard_bounce"])
async def test_what_was_suppressed_elsewhere_they_cannot(world: World, browser: Browser, reason: str) -> None:
    world.database.query(
        "INSERT INTO suppressions (site_id, email, reason, created_at) VALUES (?, 'person0@example.com', ?, 0)",
        *(SITE, reason),
    )
    link = browser.link(await mailing(world))
    page = await browser.choose(link, "all")
    assert "please ask" in page
    assert 'value="undo"' not in page
    page = await browser.choose(link, "undo")
    assert "Undone" not in page
    [row] = world.database.query("SELECT reason, by_person FROM suppressions")
    assert row["by_person"] == 0
    assert row["reason"] == ("complaint" if reason == "complaint" else "unsubscribe")


async def test_moodle_is_told_of_every_choice_once(world: World, browser: Browser) -> None:
    job = await mailing(world, "news")
    link = browser.link(job, 1)
    for choice in ("category", "category", "all", "undo", "undo"):
        await browser.choose(link, choice)
    told = [
        [(each["ref"], each["unsubscribed"], each["category"]) for each in event["data"]["recipients"]]
        for event in world.events(job, "delivery.updated")
    ]
    assert told == [[("1", True, "news")], [("1", True, None)], [("1", False, None), ("1", False, "news")]]
    assert {"site": SITE} in [body for body, _ in world.callbacks.sent]


async def test_every_choice_is_in_the_audit_trail_without_an_address(world: World, browser: Browser) -> None:
    job = await mailing(world, "news", scope=Scope(SITE, "nordic"))
    await browser.choose(browser.link(job), "category")
    await browser.choose(browser.link(job), "undo")
    rows = world.database.query("SELECT * FROM audit")
    assert [(row["action"], row["actor"], row["target"], row["company"]) for row in rows] == [
        ("suppression.unsubscribe", "recipient", f"{job}/0", "nordic"),
        ("suppression.undo", "recipient", f"{job}/0", "nordic"),
    ]
    assert "example.com" not in json.dumps(rows)


async def test_a_database_that_is_busy_too_long_is_told_as_a_page(world: World, browser: Browser) -> None:
    link = browser.link(await mailing(world))

    async def busy(*_: Any) -> Any:
        raise DatabaseBusy("overloaded")

    world.database.batch = busy  # type: ignore[method-assign, assignment]
    response = await browser.post(link, ONE_CLICK)
    assert (response.status_code, response.headers["retry-after"]) == (503, "60")
    assert "Please try again in a minute" in response.text
