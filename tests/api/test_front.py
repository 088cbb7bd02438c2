"""Where a request comes from, and its number, are what the platform's front says: a header changes nothing."""

import pytest

from tests.worlds.api import Deployment, Site

FORGED = {
    "CF-Connecting-IP": "203.0.113.66",
    "CF-Connecting-IPv6": "2001:db8::66",
    "CF-Pseudo-IPv4": "203.0.113.66",
    "True-Client-IP": "203.0.113.66",
    "X-Real-IP": "203.0.113.66",
    "X-Forwarded-For": "203.0.113.66",
    "Forwarded": "for=203.0.113.66",
    "CF-Ray": "forged-0123456789",
    "X-Request-Id": "forged-0123456789",
}


@pytest.mark.parametrize("address", ["198.51.100.7", None])
async def test_a_forged_address_is_not_kept(site: Site, address: str | None) -> None:
    site.deployment.front.address = address
    response = await site.operator.patch(f"/v1/sites/{site.id}", json={"name": "Other"}, headers=FORGED)
    assert response.status_code == 200
    [row] = site.deployment.database.query("SELECT * FROM audit WHERE action = 'site.change'")
    assert row["address"] == address
    assert "66" not in str(row["detail"])


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/sites", "/verify/x", "/credentials/x"])
async def test_another_address_each_time_does_not_help_who_guesses(deployment: Deployment, path: str) -> None:
    deployment.sign_in_limit.most = deployment.page_limit.most = 2
    deployment.front.address = "198.51.100.7"
    guesser = await deployment.client("cot_wrong")
    forged = [{name: value.replace("66", str(number)) for name, value in FORGED.items()} for number in range(3)]
    statuses = [(await guesser.get(path, headers=headers)).status_code for headers in forged]
    assert statuses[2] == 429
    assert 429 not in statuses[:2]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/x", "/nowhere", "/console/sign-in"])
async def test_a_forged_number_is_not_taken(site: Site, path: str) -> None:
    response = await site.client.get(path, headers=FORGED)
    number = response.headers["x-request-id"]
    assert number
    assert "forged" not in number + response.text
    site.deployment.front.request_id = "8c1d-FRA"
    assert (await site.client.get(path, headers=FORGED)).headers["x-request-id"] == "8c1d-FRA"
