"""What is secret is shown once; a change of a site touches what it names, and is audited with before and after."""

import json

import httpx
import pytest

from core import times
from tests.worlds.api import Deployment, Site, fault


async def test_a_token_and_a_callback_secret_are_shown_once_and_not_kept_readable(site: Site) -> None:
    shown = (await site.operator.get(f"/v1/sites/{site.id}")).json()
    assert "token" not in shown
    assert "callback_secret" not in shown
    assert site.token.startswith("cot_")
    assert len(site.token) == 4 + 43
    [row] = site.deployment.database.query("SELECT * FROM tokens")
    assert site.token not in json.dumps(row)
    audit = json.dumps(site.deployment.database.query("SELECT * FROM audit"))
    secret = site.deployment.database.query("SELECT callback_secret FROM sites")[0]["callback_secret"]
    assert secret.startswith("whsec_")
    assert secret not in audit
    assert site.token not in audit


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "x", "provider": "postfix"}, "/provider"),
        ({"name": "x", "send_rate": 0}, "/send_rate"),
        ({"name": "x", "send_rate": "fast"}, "/send_rate"),
        ({"name": "x", "from": {"email": "nobody"}}, "/from/email"),
        ({"name": "x", "callback_url": "http://moodle.example/hook"}, "/callback_url"),
        ({"name": "x", "callback_url": "https://10.0.0.1/hook"}, "/callback_url"),
        ({"name": "x", "callback_sucess": "2xx"}, "/callback_sucess"),
    ],
)
async def test_a_site_with_a_fault_is_refused_by_field(
    operator: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    assert fault(await operator.post("/v1/sites", json=body)) == (422, "invalid-request", field)


async def test_a_change_touches_only_what_it_names_and_is_audited_with_before_and_after(site: Site) -> None:
    site.deployment.front.address = "192.0.2.7"
    response = await site.operator.patch(
        f"/v1/sites/{site.id}", json={"send_rate": 5, "callback_url": "https://moodle.example/hook"}
    )
    changed = response.json()
    assert (changed["send_rate"], changed["callback_url"]) == (5, "https://moodle.example/hook")
    assert (changed["name"], changed["from"]["email"]) == ("Campus", "noreply@campus.example")
    cleared = await site.operator.patch(f"/v1/sites/{site.id}", json={"send_rate": None, "from": None})
    assert (cleared.json()["send_rate"], cleared.json()["from"]) == (None, None)
    first, second = site.deployment.database.query("SELECT * FROM audit WHERE action = 'site.change' ORDER BY id")
    assert (first["actor"], first["site_id"], first["target"]) == ("operator", site.id, site.id)
    assert first["address"] == "192.0.2.7"
    assert json.loads(first["detail"])["before"]["send_rate"] is None
    assert json.loads(first["detail"])["after"]["send_rate"] == 5
    assert json.loads(second["detail"])["before"]["send_rate"] == 5
    assert json.loads(second["detail"])["after"] == {"send_rate": None, "sender_email": None, "sender_name": ""}


async def test_a_callback_url_that_is_set_again_is_on_again(site: Site) -> None:
    site.deployment.database.query("UPDATE sites SET callback_off_at = 1")
    kept = await site.operator.patch(f"/v1/sites/{site.id}", json={"name": "Other"})
    assert kept.json()["callback_off_at"] is not None
    set_again = await site.operator.patch(f"/v1/sites/{site.id}", json={"callback_url": "https://moodle.example/h"})
    assert set_again.json()["callback_off_at"] is None


async def test_a_change_of_nothing_is_refused(site: Site) -> None:
    assert fault(await site.operator.patch(f"/v1/sites/{site.id}", json={})) == (422, "invalid-request", "")


async def test_the_old_callback_secret_signs_for_a_day_more(site: Site) -> None:
    [before] = site.deployment.database.query("SELECT callback_secret FROM sites")
    rotated = (await site.operator.post(f"/v1/sites/{site.id}/rotate-callback-secret")).json()
    [after] = site.deployment.database.query("SELECT * FROM sites")
    assert after["callback_secret"] == rotated["callback_secret"] != before["callback_secret"]
    assert after["previous_callback_secret"] == before["callback_secret"]
    assert after["previous_secret_until"] == site.deployment.clock.now() + 86_400_000


async def test_a_second_rotation_waits_until_the_first_ones_day_is_over(site: Site) -> None:
    def kept() -> list[dict[str, object]]:
        rows = site.deployment.database.query("SELECT callback_secret, previous_callback_secret FROM sites")
        rotations = site.deployment.database.query("SELECT id FROM audit WHERE action = 'site.rotate_callback_secret'")
        return [*rows, *rotations]

    first = await site.operator.post(f"/v1/sites/{site.id}/rotate-callback-secret")
    before, until = kept(), times.rfc3339(site.deployment.clock.now() + 86_400_000)
    for seconds in (0, 1, 43_200, 43_198):
        site.deployment.clock.advance(seconds)
        refused = await site.operator.post(f"/v1/sites/{site.id}/rotate-callback-secret")
        assert fault(refused) == (409, "secret-rotating", "")
        assert until in refused.json()["detail"]
        assert kept() == before
    site.deployment.clock.advance(1)
    assert (await site.operator.post(f"/v1/sites/{site.id}/rotate-callback-secret")).status_code == 200
    assert kept()[0]["previous_callback_secret"] == first.json()["callback_secret"]


async def test_a_rotated_token_works_for_a_day_more_and_then_no_longer(site: Site) -> None:
    tokens = f"/v1/sites/{site.id}/tokens"
    [old] = (await site.operator.get(tokens)).json()["tokens"]
    rotated = (await site.operator.post(f"{tokens}/{old['id']}/rotate")).json()
    assert rotated["name"] == old["name"]
    successor = await site.deployment.client(rotated["token"])
    assert (await site.client.get("/v1/jobs")).status_code == 200
    assert fault(await site.operator.post(f"{tokens}/{old['id']}/rotate")) == (409, "token-expiring", "")
    site.deployment.clock.advance(86_400)
    assert fault(await site.client.get("/v1/jobs")) == (401, "unauthenticated", "")
    assert (await successor.get("/v1/jobs")).status_code == 200
    assert [token["id"] for token in (await site.operator.get(tokens)).json()["tokens"]] == [rotated["id"]]
    [row] = site.deployment.database.query("SELECT target, detail FROM audit WHERE action = 'token.rotate'")
    assert (row["target"], json.loads(row["detail"])["after"]["successor"]) == (old["id"], rotated["id"])


async def test_a_deleted_token_opens_nothing_at_once(site: Site) -> None:
    tokens = f"/v1/sites/{site.id}/tokens"
    [token] = (await site.operator.get(tokens)).json()["tokens"]
    assert (await site.operator.delete(f"{tokens}/{token['id']}")).status_code == 204
    assert fault(await site.client.get("/v1/jobs")) == (401, "unauthenticated", "")
    assert fault(await site.operator.delete(f"{tokens}/{token['id']}")) == (404, "unknown-token", "")


async def test_what_is_not_there_is_told_and_not_audited(site: Site) -> None:
    before = len(site.deployment.database.query("SELECT id FROM audit"))
    for method, path, body, slug in (
        ("GET", "/v1/sites/site_0", None, "unknown-site"),
        ("PATCH", "/v1/sites/site_0", {"name": "x"}, "unknown-site"),
        ("POST", "/v1/sites/site_0/disable", None, "unknown-site"),
        ("POST", "/v1/sites/site_0/enable", None, "unknown-site"),
        ("POST", "/v1/sites/site_0/rotate-callback-secret", None, "unknown-site"),
        ("POST", "/v1/sites/site_0/tokens", {"name": "x"}, "unknown-site"),
        ("GET", "/v1/sites/site_0/tokens", None, "unknown-site"),
        ("POST", f"/v1/sites/{site.id}/tokens/tok_0/rotate", None, "unknown-token"),
        ("DELETE", f"/v1/sites/{site.id}/tokens/tok_0", None, "unknown-token"),
    ):
        assert fault(await site.operator.request(method, path, json=body)) == (404, slug, "")
    assert len(site.deployment.database.query("SELECT id FROM audit")) == before


async def test_another_sites_token_cannot_be_reached_through_ones_own(site: Site) -> None:
    other = (await site.operator.post("/v1/sites", json={"name": "Other"})).json()
    [token] = (await site.operator.get(f"/v1/sites/{other['id']}/tokens")).json()["tokens"]
    for method, tail in (("POST", "/rotate"), ("DELETE", "")):
        response = await site.operator.request(method, f"/v1/sites/{site.id}/tokens/{token['id']}{tail}")
        assert fault(response) == (404, "unknown-token", "")


async def test_sites_are_listed_a_page_at_a_time(deployment: Deployment, operator: httpx.AsyncClient) -> None:
    for number in range(5):
        await operator.post("/v1/sites", json={"name": f"Site {number}"})
        deployment.clock.advance(1)
    names, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await operator.get("/v1/sites", params=query)).json()
        names += [site["name"] for site in page["sites"]]
        if not (cursor := page["next"]):
            break
    assert names == [f"Site {number}" for number in range(5)]
