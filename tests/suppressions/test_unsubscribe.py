"""Unsubscribing behind the mail's link: what a person chose holds at once, and for them only."""

import json
from typing import Any

import pytest

from core.errors import DatabaseBusy
from core.scope import Scope
from jobs import actions as jobs
from mail.message import OutgoingMail
from tests.doubles.bindings import CountingLimiter
from tests.suppressions.conftest import ONE_CLICK, Browser, everything, mailing, sent, suppressed
from tests.worlds.world import SITE, World


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


@pytest.mark.parametrize("choices", [("all", "undo"), ("category", "undo"), ("category", "all", "undo")])
async def test_a_link_pressed_back_and_forth_leaves_few_rows(
    world: World, browser: Browser, choices: tuple[str, ...]
) -> None:
    job = await mailing(world, "news")
    link = browser.link(job)
    for press in range(40):
        page = await browser.choose(link, choices[press % len(choices)])
    assert len(world.events(job, "delivery.updated")) <= 8
    [audit] = world.database.query("SELECT count(*) AS rows FROM audit WHERE action LIKE 'suppression.%'")
    assert audit["rows"] <= 10
    assert suppressed(world)
    assert "please ask" in page
    assert 'value="undo"' not in page
    await browser.choose(browser.link(job, 1), "all")  # another person's is theirs
    assert "gets mail from" in await browser.choose(browser.link(job, 1), "undo")


async def test_a_network_that_goes_back_and_forth_by_many_links_is_slowed_down_and_still_unsubscribes(
    world: World, browser: Browser
) -> None:
    job = await mailing(world, people=40)
    limiter = world.services.sign_in_limit
    assert isinstance(limiter, CountingLimiter)
    limiter.most = 5
    statuses = []
    for person in range(40):
        await browser.choose(browser.link(job, person), "all")
        response = await browser.post(browser.link(job, person), {"choice": "undo"})
        statuses.append((response.status_code, response.headers.get("retry-after")))
    assert statuses == [(200, None)] * 5 + [(429, "60")] * 35
    assert len(suppressed(world)) == 35
    [audit] = world.database.query("SELECT count(*) AS rows FROM audit WHERE action = 'suppression.undo'")
    assert audit["rows"] == 5


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
