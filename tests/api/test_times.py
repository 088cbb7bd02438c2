"""What the door takes of times and numbers, every answer can show: taken, listed, shown, exported, polled, mailed."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.words import moment
from core import times
from tests.api.test_certificates import CERTIFICATE, JOB, work
from tests.worlds.api import Deployment, Site, fault, person
from tests.worlds.issuing import SETTINGS

EDGES = (
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59+12:00",
    "1969-12-31T23:59:59-00:01",
    "2026-10-26T07:33:20.123+05:45",
)
OUTSIDE = (
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59-00:01",
    "9999-12-31T24:00:00Z",
    "1970-01-01T00:00:00+00:01",
    "1969-12-31T23:59:59Z",
    "0001-01-01T00:00:00+12:00",
    "0000-01-01T00:00:00Z",
)


async def every_answer(site: Site, job: str) -> None:
    """What shows a job, its people, its events and certificates, to the site and to the operator."""
    for client in (site.client, site.operator):
        for address in (
            "/v1/jobs?limit=1000",
            f"/v1/jobs/{job}",
            f"/v1/jobs/{job}/recipients",
            f"/v1/jobs/{job}/recipients?format=csv",
            "/v1/certificates",
            "/v1/me",
            "/v1/audit",
            "/v1/audit?format=csv",
            "/metrics",
        ):
            response = await client.get(address)
            assert response.status_code in (200, 403, 404), (address, response.text)
    assert (await site.client.get(f"/v1/jobs/{job}")).status_code == 200
    assert (await site.client.get("/v1/jobs")).status_code == 200
    assert (await site.client.get("/v1/events")).status_code == 200
    assert (await site.client.get("/v1/privacy/export", params={"ref": "u0"})).status_code in (200, 404, 405)


@pytest.mark.parametrize("at", EDGES)
async def test_a_time_that_is_taken_is_shown_everywhere(site: Site, deployment: Deployment, at: str) -> None:
    deployment.values |= SETTINGS
    job = await site.job(1, send_at=at)
    await every_answer(site, job)
    body = JOB | {"recipients": [person(0)], "certificate": CERTIFICATE | {"expires_at": at}, "start": True}
    response = await site.client.post("/v1/jobs", json=body)
    assert response.status_code == 201, response.text
    await work(deployment)
    await every_answer(site, response.json()["id"])
    [certificate] = (await site.client.get("/v1/certificates")).json()["certificates"]
    for address in (f"/verify/{certificate['code']}", f"/v1/verify/{certificate['code']}"):
        assert (await site.client.get(address)).status_code in (200, 404, 410), address


@pytest.mark.parametrize("at", OUTSIDE)
async def test_a_time_that_no_answer_could_show_is_refused_by_its_field(site: Site, at: str) -> None:
    new = {"kind": "email", "message": JOB["message"], "send_at": at}
    assert fault(await site.client.post("/v1/jobs", json=new)) == (422, "invalid-request", "/send_at")
    certified = JOB | {"certificate": CERTIFICATE | {"expires_at": at}}
    refused = await site.client.post("/v1/jobs", json=certified)
    assert fault(refused) == (422, "invalid-request", "/certificate/expires_at")
    since = await site.client.post("/v1/callbacks/replay", json={"since": at})
    assert fault(since) == (422, "invalid-request", "/since")
    assert fault(await site.client.get("/v1/audit", params={"from": at})) == (422, "invalid-request", "from")
    assert (await site.client.get("/v1/jobs")).json()["jobs"] == []  # nothing is kept


@pytest.mark.parametrize("milliseconds", [10**15, 9 * 10**15, 253_402_300_800_000, -1, -(10**15)])
async def test_a_time_that_was_kept_before_is_shown_as_the_nearest_there_is(
    site: Site, deployment: Deployment, milliseconds: int
) -> None:
    job = await site.job(1)
    deployment.database.query("UPDATE jobs SET send_at = ?, resume_at = ?", milliseconds, milliseconds)
    await every_answer(site, job)
    shown = (await site.client.get(f"/v1/jobs/{job}")).json()["send_at"]
    assert shown == times.rfc3339(milliseconds)
    assert shown.startswith("9999-12-31T23:59:59.999Z" if milliseconds > 0 else ("1969-12-31", "0001-01-01"))


NUMBERS: tuple[dict[str, Any], ...] = (
    {"rate": 5e-324},
    {"rate": 1e-9},
    {"rate": 10_000},
    {"rate": 9999.999999999999},
    {"certificate": CERTIFICATE | {"link_days": 3650}},
    {"certificate": CERTIFICATE | {"link_days": 1}},
)


@pytest.mark.parametrize("fields", NUMBERS)
async def test_a_number_that_is_taken_is_shown_everywhere(
    site: Site, deployment: Deployment, fields: dict[str, Any]
) -> None:
    deployment.values |= SETTINGS
    body = {"kind": "email", "message": JOB["message"]} | (JOB if "certificate" in fields else {}) | fields
    response = await site.client.post("/v1/jobs", json=body | {"recipients": [person(0), person(1)], "start": True})
    assert response.status_code == 201, response.text
    await every_answer(site, response.json()["id"])


@pytest.mark.parametrize("expires", ["9999-12-31", 253_402_214_400_000, "9999-12-31T23:59:59-12:00", 10**30, "x", []])
async def test_whenever_a_certificate_of_one_ends_it_ends_no_other(
    site: Site, deployment: Deployment, expires: Any
) -> None:
    deployment.values |= SETTINGS
    values = ["2027-01-01", expires, "2027-01-01"]
    people = [person(number, variables={"expires": value}) for number, value in enumerate(values)]
    response = await site.client.post("/v1/jobs", json=JOB | {"recipients": people, "start": True})
    if response.status_code == 422:
        return  # no variable can be that
    await work(deployment)
    job = response.json()["id"]
    told = (await site.client.get(f"/v1/jobs/{job}/recipients")).json()["recipients"]
    assert [one["state"] for one in told][::2] == ["sent", "sent"]
    last = (told[1]["state"], told[1]["reason"])
    assert last == (
        ("sent", None) if expires in ("9999-12-31", 253_402_214_400_000) else ("failed", "rendering_failed")
    )
    await every_answer(site, job)


@given(st.integers(-(10**20), 10**20))
def test_whatever_a_row_holds_can_be_shown(milliseconds: int) -> None:
    assert len(times.rfc3339(milliseconds)) == len("2026-11-24T15:00:00.000Z")
    assert moment(milliseconds).endswith(" UTC")


@given(st.datetimes(timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))))
def test_a_time_is_taken_and_shown_as_it_was_or_refused(at: datetime) -> None:
    try:
        taken = times.milliseconds_of(at.isoformat())
    except ValueError:
        since = at.replace(tzinfo=UTC) - at.utcoffset() if 2 < at.year < 9999 else None  # type: ignore[operator]
        assert since is None or since < datetime(1970, 1, 1, tzinfo=UTC)
        return
    assert 0 <= taken <= times.LATEST
    assert times.milliseconds_of(times.rfc3339(taken)) == taken
    assert abs(datetime.fromisoformat(times.rfc3339(taken)) - at) < timedelta(milliseconds=1)


@given(st.dates())
def test_every_day_has_an_end_that_can_be_shown(day: date) -> None:
    end = times.end_of(day)
    assert times.moment(end - 1).date() == day
