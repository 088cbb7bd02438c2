"""The list of jobs shows the newest first, over all its pages, and each their own alone."""

import pytest

from core.scope import Scope
from jobs import search
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


async def test_jobs_are_listed_newest_first_with_their_bars(console: Console, operator: Person) -> None:
    console.add_site(OTHER, name="Academy")
    await console.draft(3, name="Older", scope=Scope(SITE, "acme"))
    console.clock.advance(60)
    job = await console.draft(1_200, name="Newer", scope=Scope(OTHER))
    shown = await operator.open("/console/jobs")
    assert shown.text.index("Newer") < shown.text.index("Older")
    assert "1,200 pending" in shown.text
    assert "School, acme" in shown.text
    assert shown.response.text.count("data-live") == 1
    assert (await operator.follow("Newer")).path == f"/console/jobs/{job}"


async def test_an_empty_list_says_what_to_do(operator: Person) -> None:
    shown = await operator.open("/console/jobs")
    assert "There is no job yet" in shown.text
    assert "data-live" not in shown.response.text


async def test_each_filter_narrows_the_list(console: Console) -> None:
    console.add_site(OTHER, name="Academy")
    first = await console.draft(1, name="First aid")
    await console.draft(1, name="Fire safety", scope=Scope(SITE, "acme"))
    console.clock.advance(86_400 * 3)
    await console.job(1, name="Welcome", scope=Scope(OTHER))
    console.database.query("UPDATE jobs SET kind = 'certificate' WHERE name = 'First aid'")

    operator = await console.operator()

    async def names(**asked: str) -> set[str]:
        await operator.open("/console/jobs")
        shown = await operator.press("Filter", **asked)
        assert shown.status == 200
        return {name for name in ("First aid", "Fire safety", "Welcome") if name in shown.text}

    assert await names() == {"First aid", "Fire safety", "Welcome"}
    assert await names(q="fi") == {"First aid", "Fire safety"}
    assert await names(q=first) == {"First aid"}
    assert await names(q="job_" + "0" * 32) == set()
    assert await names(state="queued") == {"Welcome"}
    assert await names(kind="certificate") == {"First aid"}
    assert await names(site=OTHER) == {"Welcome"}
    assert await names(site=OTHER, q=first) == set()
    assert await names(company="acme") == {"Fire safety"}
    [row] = console.database.query("SELECT date(created_at / 1000, 'unixepoch') AS day FROM jobs WHERE id = ?", first)
    assert await names(to=row["day"]) == {"First aid", "Fire safety"}
    assert await names(**{"from": row["day"], "to": row["day"]}) == {"First aid", "Fire safety"}
    [row] = console.database.query("SELECT max(date(created_at / 1000, 'unixepoch')) AS day FROM jobs")
    assert await names(**{"from": row["day"]}) == {"Welcome"}


async def test_what_is_no_filter_is_told(operator: Person) -> None:
    for asked, told in (
        ("from=tomorrow", "must be a day"),
        ("to=9999-12-31", "must be a day"),
        ("state=odd", "one of"),
    ):
        shown = await operator.open(f"/console/jobs?{asked}")
        assert (shown.status, told in shown.text) == (422, True)
    assert (await operator.open(f"/console/jobs?site={OTHER}")).status == 404
    assert (await operator.open("/console/jobs?cursor=nonsense")).status == 422


async def test_the_list_goes_on_over_its_pages(console: Console, operator: Person) -> None:
    for number in range(120):
        await console.draft(0, name=f"Job {number:03}")
        console.clock.advance(1)
    shown, seen = await operator.open("/console/jobs?q=job"), []
    while True:
        seen += [words for _, words in shown.links if words.startswith("Job ")]
        if "Next page" not in shown.text:
            break
        shown = await operator.follow("Next page")
    assert seen == [f"Job {number:03}" for number in reversed(range(120))]


async def test_a_search_that_found_nothing_so_far_can_be_carried_on(
    console: Console, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SCAN", 2)
    for name in ("Old one", "b", "c", "d"):
        await console.draft(0, name=name)
        console.clock.advance(1)
    shown = await operator.open("/console/jobs?q=Old")
    assert "None of the jobs looked at here fits" in shown.text
    assert "Old one" in (await operator.follow("Search further back")).text


async def test_a_site_and_a_company_see_their_own_jobs_alone(console: Console) -> None:
    console.add_site(OTHER, name="Academy")
    await console.draft(1, name="Mine", scope=Scope(SITE, "acme"))
    await console.draft(1, name="Ours")
    foreign = await console.draft(1, name="Theirs", scope=Scope(OTHER))
    shown = await (await console.holder()).open("/console/jobs")
    assert ("Mine" in shown.text, "Ours" in shown.text, "Theirs" in shown.text) == (True, True, False)
    assert "Academy" not in shown.text
    company = await console.holder(company="acme")
    for asked in ("", f"?q={foreign}", "?q=s", "?company=rival", f"?site={SITE}"):
        shown = await company.open(f"/console/jobs{asked}")
        assert "Ours" not in shown.text
        assert "Theirs" not in shown.text
    assert "Mine" in (await company.open("/console/jobs")).text
    assert (await company.open(f"/console/jobs?site={OTHER}")).status == 404


async def test_what_a_person_wrote_is_text(console: Console, operator: Person) -> None:
    job = await console.draft(1, name="<img src=x onerror=alert(1)>")
    for path in ("", f"/{job}", f"/{job}/people", f"/{job}/start", f"/{job}/content"):
        shown = await operator.open(f"/console/jobs{path}")
        assert shown.status == 200
        assert "<img" not in shown.response.text
