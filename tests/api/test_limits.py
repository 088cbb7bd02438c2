"""A site keeps what it may and a company its share of it: counted exactly, refused with numbers, given back at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx
import pytest

from runtime.ports import Row, Statement
from tests.doubles.d1 import Counting
from tests.worlds.api import NEW_JOB, Deployment, Site, fault, person
from tests.worlds.kept import counted, recounted
from tests.worlds.town import rows

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="{}" height="9"/></svg>'


# jobs with a person each, and files and suppressions
MORE = """
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {end})
SELECT i, printf('job_%032x', i) AS job FROM n;
INSERT INTO jobs (id, site_id, kind, name, state, batch_size, created_at)
SELECT job, '{site}', 'email', '', 'draft', 200, i FROM n;
INSERT INTO job_contents SELECT job, '', 'content' FROM n;
INSERT INTO recipients (job_id, position, ref, email, name, variables, state, updated_at)
SELECT job, 0, 'r', 'e', '', '{{}}', 'pending', 1 FROM n;
INSERT INTO batches (job_id, number, state, total, pending, kept_people, kept_bytes)
SELECT job, 0, 'pending', 1, 1, 1, 204 FROM n;
INSERT INTO assets SELECT '{site}', '', job, 'image/png', 5, i FROM n;
INSERT INTO suppressions (site_id, email, reason, created_at) SELECT '{site}', job, 'manual', 1 FROM n;
DROP TABLE n;
"""


class Most(Counting):
    """Knows the most steps that a transaction took."""

    most = 0

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        found = await super().batch(statements)
        self.most = max(self.most, self.steps)
        return found


@dataclass
class Tenant:
    """With a draft of its own."""

    client: httpx.AsyncClient
    draft: str

    @classmethod
    async def of(cls, client: httpx.AsyncClient) -> "Tenant":
        return cls(client, (await client.post("/v1/jobs", json=NEW_JOB)).json()["id"])

    async def add_person(self, number: int) -> httpx.Response:
        return await self.client.post(f"/v1/jobs/{self.draft}/recipients", json=[person(number)])

    async def add_draft(self, number: int) -> httpx.Response:
        return await self.client.post("/v1/jobs", json=NEW_JOB | {"name": f"Draft {number}"})

    async def add_asset(self, number: int) -> httpx.Response:
        headers = {"Content-Type": "image/svg+xml"}
        return await self.client.post("/v1/assets", content=SVG.format(number), headers=headers)

    async def add_suppression(self, number: int) -> httpx.Response:
        return await self.client.post("/v1/suppressions", json={"email": f"s{number}@example.com"})

    async def kept(self, kind: str) -> tuple[int, int]:
        """What is used, and what is allowed."""
        shown = (await self.client.get("/v1/me")).json()["limits"][kind]
        return shown["used"], shown["allowed"]


Keep = Callable[[Tenant, int], Awaitable[httpx.Response]]
# what is limited, by which setting, and what fills it up
KEEPING: list[tuple[str, str, Keep]] = [
    ("people", "SITE_PEOPLE", Tenant.add_person),
    ("bytes", "SITE_BYTES", Tenant.add_person),
    ("drafts", "SITE_DRAFTS", Tenant.add_draft),
    ("bytes", "SITE_BYTES", Tenant.add_draft),
    ("assets", "SITE_ASSETS", Tenant.add_asset),
    ("bytes", "SITE_BYTES", Tenant.add_asset),
    ("bytes", "SITE_BYTES", Tenant.add_suppression),
]
every_kind = pytest.mark.parametrize(("kind", "setting", "keep"), KEEPING)


async def fill(tenant: Tenant, deployment: Deployment, kind: str, setting: str, keep: Keep, share: int = 100) -> int:
    """Set a limit that three more just reach, and take them; the fourth, number 4, is too much. What each needs."""
    before, _ = await tenant.kept(kind)
    assert (await keep(tenant, 1)).is_success
    each = (await tenant.kept(kind))[0] - before
    deployment.values |= {setting: str((before + 3 * each) * 100 // share), "COMPANY_SHARE": str(share)}
    for number in (2, 3):
        assert (await keep(tenant, number)).is_success, "what is within the limit is kept, to the last"
    used, allowed = await tenant.kept(kind)
    assert used == allowed
    return int(each)


def check(deployment: Deployment) -> None:
    assert counted(deployment.database.query) == recounted(deployment.database.query)


@every_kind
async def test_what_is_more_than_a_site_may_keep_is_refused_with_numbers_and_nothing_is_written(
    site: Site, kind: str, setting: str, keep: Keep
) -> None:
    ours = await Tenant.of(site.client)
    await fill(ours, site.deployment, kind, setting, keep)
    _, allowed = await ours.kept(kind)
    before, files = rows(site.deployment.database), dict(site.deployment.files.objects)
    refused = await keep(ours, 4)
    assert fault(refused) == (409, "limit-reached", setting)
    assert refused.json()["detail"].startswith(f"The site keeps {allowed:,} ")
    assert f" of {allowed:,} that it may keep, and this is " in refused.json()["detail"]
    assert (rows(site.deployment.database), site.deployment.files.objects) == (before, files)
    if keep is not Tenant.add_draft:
        assert (await keep(ours, 3)).is_success, "what is there already needs no room"
    check(site.deployment)


@every_kind
async def test_a_company_keeps_no_more_than_its_share(site: Site, kind: str, setting: str, keep: Keep) -> None:
    acme, other = await Tenant.of(await site.company("Acme")), await Tenant.of(await site.company("Other"))
    await fill(acme, site.deployment, kind, setting, keep, share=50)
    _, allowed = await acme.kept(kind)
    refused = await keep(acme, 4)
    assert fault(refused) == (409, "limit-reached", "COMPANY_SHARE")
    assert f"The company keeps {allowed:,} " in refused.json()["detail"]
    assert (await keep(other, 4)).is_success
    check(site.deployment)


@every_kind
async def test_a_company_is_not_told_what_the_others_of_its_site_keep(
    site: Site, kind: str, setting: str, keep: Keep
) -> None:
    ours, acme = await Tenant.of(site.client), await Tenant.of(await site.company("Acme"))
    await fill(ours, site.deployment, kind, setting, keep)
    _, allowed = await ours.kept(kind)
    refused = await keep(acme, 4)
    assert fault(refused) == (409, "limit-reached", setting)
    assert "The company's site has no room for " in refused.json()["detail"]
    assert f": it may keep {allowed:,}." in refused.json()["detail"]
    assert (await acme.kept(kind))[0] < allowed


@every_kind
async def test_two_at_once_do_not_both_take_the_last_place(
    site: Site, kind: str, setting: str, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = await Tenant.of(site.client)
    each = await fill(ours, site.deployment, kind, setting, keep)
    before = (await ours.kept(kind))[0]
    site.deployment.values[setting] = str(before + each)
    real = site.deployment.database.batch

    async def slow(statements: Sequence[Statement]) -> list[list[Row]]:
        await asyncio.sleep(0)  # the other call comes in between
        return await real(statements)

    monkeypatch.setattr(site.deployment.database, "batch", slow)
    answers = await asyncio.gather(keep(ours, 5), keep(ours, 6))
    assert sorted(answer.is_success for answer in answers) == [False, True]
    used, allowed = await ours.kept(kind)
    assert used == allowed
    check(site.deployment)


async def test_a_request_that_was_taken_is_answered_again_without_room(site: Site) -> None:
    site.deployment.values["SITE_DRAFTS"] = "1"
    first, again, another = [
        await site.client.post("/v1/jobs", json=NEW_JOB, headers={"Idempotency-Key": key}) for key in ("a", "a", "b")
    ]
    assert first.json()["id"] == again.json()["id"]
    assert fault(another) == (409, "limit-reached", "SITE_DRAFTS")


async def test_what_is_erased_deleted_or_released_makes_room(site: Site) -> None:
    ours = await Tenant.of(site.client)
    nothing = {kind: (await ours.kept(kind))[0] for kind in ("people", "bytes", "drafts", "assets")}
    for number in (1, 2):
        assert (await ours.add_person(number)).is_success
    asset = (await ours.add_asset(1)).json()["name"]
    assert (await ours.add_suppression(1)).is_success
    assert (await site.client.delete(f"/v1/assets/{asset}")).is_success
    assert (await site.client.request("DELETE", "/v1/suppressions", json={"email": "s1@example.com"})).is_success
    for number in (1, 2):
        assert (await site.client.post("/v1/privacy/erase", json={"ref": f"u{number}"})).is_success
    hashes = site.deployment.database.query("SELECT sum(200 + length(email)) AS bytes FROM suppressions")[0]["bytes"]
    after = {kind: (await ours.kept(kind))[0] for kind in nothing}
    assert after == nothing | {"bytes": nothing["bytes"] + hashes}, "the wish of the erased is kept"
    check(site.deployment)


async def test_a_draft_that_starts_or_is_cancelled_is_none_any_more(site: Site) -> None:
    ours = await Tenant.of(site.client)
    assert (await ours.add_person(1)).is_success
    assert (await site.client.post(f"/v1/jobs/{ours.draft}/start")).is_success
    assert (await ours.kept("drafts"))[0] == 0
    ours = await Tenant.of(site.client)
    assert (await ours.kept("drafts"))[0] == 1
    assert (await site.client.post(f"/v1/jobs/{ours.draft}/cancel")).is_success
    assert (await ours.kept("drafts"))[0] == 0
    check(site.deployment)


async def test_an_address_of_blanks_counts_as_somebody(site: Site) -> None:
    """What has no address at all was erased, and needs no room."""
    ours = await Tenant.of(site.client)
    body = [person(1, email=" ", variables={"x": "y" * 1000})]
    assert (await site.client.post(f"/v1/jobs/{ours.draft}/recipients", json=body)).is_success
    assert (await ours.kept("people"))[0] == 1
    check(site.deployment)


async def test_of_many_people_those_before_the_limit_are_told_to_be_there(site: Site) -> None:
    ours = await Tenant.of(site.client)
    site.deployment.values["SITE_PEOPLE"] = "1500"
    refused = await site.client.post(
        f"/v1/jobs/{ours.draft}/recipients", json=[person(number) for number in range(2500)]
    )
    assert fault(refused) == (409, "limit-reached", "SITE_PEOPLE")
    assert "The site keeps 1,000 people of 1,500 that it may keep" in refused.json()["detail"]
    assert "1,000 people before that were added" in refused.json()["detail"]
    noted = site.deployment.database.query("SELECT detail FROM audit WHERE action = 'job.append'")
    assert [row["detail"] for row in noted] == ['{"people":1000}']
    check(site.deployment)


async def test_a_wish_is_never_refused(site: Site) -> None:
    """A person who unsubscribes, and one who is erased, take room that nobody has to have."""
    ours = await Tenant.of(site.client)
    assert (await ours.add_person(1)).is_success
    site.deployment.values["SITE_BYTES"] = "1"
    assert (await ours.add_suppression(1)).status_code == 409
    assert (await site.client.post("/v1/privacy/erase", json={"email": person(1)["email"]})).is_success
    [row] = site.deployment.database.query("SELECT reason FROM suppressions")
    assert row["reason"] == "erased"
    check(site.deployment)


@pytest.mark.parametrize("setting", ["SITE_PEOPLE", "SITE_BYTES", "SITE_DRAFTS", "SITE_ASSETS", "COMPANY_SHARE"])
async def test_a_limit_that_is_wrongly_set_is_told_by_its_name(site: Site, setting: str) -> None:
    site.deployment.values[setting] = "many"
    assert fault(await site.client.get("/v1/me")) == (409, "not-configured", setting)
    assert fault(await site.client.post("/v1/jobs", json=NEW_JOB)) == (409, "not-configured", setting)


async def test_what_is_kept_is_looked_up_and_not_counted(site: Site) -> None:
    """As many steps among ten times as many jobs, people, files and suppressions."""
    ours = await Tenant.of(site.client)
    site.deployment.values |= {"SITE_DRAFTS": "9999", "SITE_ASSETS": "9999"}
    steps = []
    for first, end in ((1, 100), (100, 1000)):
        site.deployment.database.connection.executescript(MORE.format(site=site.id, first=first, end=end))
        database = Most(())
        database.connection.deserialize(site.deployment.database.connection.serialize())
        deployment = Deployment(database, values=dict(site.deployment.values))
        looked = Tenant(await deployment.client(site.token), ours.draft)
        found = {}
        for name, ask in (
            ("person", looked.add_person(7_000_000)),
            ("draft", looked.add_draft(1)),
            ("asset", looked.add_asset(1)),
            ("suppression", looked.add_suppression(7_000_000)),
        ):
            database.most = 0
            assert (await ask).is_success
            found[name] = database.most
        steps.append(found)
        check(deployment)
        await deployment.clients.aclose()
    few, many = steps
    assert all(many[name] <= few[name] * 1.5 for name in few), steps
