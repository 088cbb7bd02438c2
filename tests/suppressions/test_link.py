"""The link in a mail is its own person's, cannot be made up, and has the headers of RFC 8058."""

from dataclasses import replace

import httpx
import pytest

from app import app
from core.errors import ConfigurationError, MissingForEverybody, TemplateRefused
from jobs import actions as jobs
from runtime.settings import Settings
from suppressions import unsubscribe
from tests.suppressions.conftest import ONE_CLICK, SETTINGS, WITH_LINK, Browser, mailing, mails, suppressed
from tests.worlds.world import MESSAGE, World, person


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
