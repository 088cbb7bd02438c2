"""A certificate is found however its code is typed, revoked or corrected after the question, by whoever may."""

import io
import json
import zipfile

import pytest

from tests.worlds.console import Console, Person
from tests.worlds.issuing import CERTIFICATE
from tests.worlds.world import MESSAGE, SITE

OTHER = "site_" + "b" * 32


async def issued(console: Console, people: int = 1, award: str = "course-7", **fields: object) -> list[str]:
    """The codes of a job whose certificates have been issued."""
    content = {"message": MESSAGE, "certificate": CERTIFICATE | {"award": award}}
    job = await console.job(people, kind="certificate", content=content, **fields)
    await console.work()
    rows = console.database.query("SELECT code FROM certificates WHERE job_id = ? ORDER BY position", job)
    return [row["code"] for row in rows]


async def test_a_certificate_is_found_by_its_code_however_it_is_typed(console: Console, operator: Person) -> None:
    [code] = await issued(console)
    await operator.open("/console/certificates")
    shown = await operator.press("Find", code=f" {code[:4].lower()}-{code[4:]} ")
    assert shown.path == f"/console/certificates/{code}"
    assert "Person 0 valid" in shown.text
    await operator.open("/console/certificates")
    assert "mistyped" in (await operator.press("Find", code=code[:-1])).text


async def test_the_list_finds_those_of_a_job_and_of_a_person(console: Console, operator: Person) -> None:
    await issued(console, 2)
    codes = await issued(console, 60, award="course-8")
    job = console.database.query("SELECT job_id FROM certificates WHERE code = ?", codes[0])[0]["job_id"]
    shown = await operator.open(f"/console/certificates?job={job}")
    first = {href for href, _ in shown.links if href.removeprefix("/console/certificates/") in codes}
    shown = await operator.follow("Next page")
    second = {href for href, _ in shown.links if href.removeprefix("/console/certificates/") in codes}
    assert (len(first), len(second), len(first & second)) == (50, 10, 0)
    holder = await console.holder()
    shown = await holder.open("/console/certificates?ref=1")
    assert len([href for href, _ in shown.links if href.startswith("/console/certificates/")]) == 2
    assert "choose the site" in (await operator.open("/console/certificates?ref=1")).text


async def test_the_file_is_opened_and_all_of_a_job_come_as_one(console: Console, operator: Person) -> None:
    codes = await issued(console, 2)
    answer = await operator.http.get(f"/console/certificates/{codes[0]}/file")
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    job = console.database.query("SELECT job_id FROM certificates")[0]["job_id"]
    answer = await operator.http.get(f"/console/certificates.zip?job={job}")
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) >= 2


async def test_a_certificate_is_revoked_with_a_reason_after_the_question(console: Console, operator: Person) -> None:
    [code] = await issued(console)
    await operator.open(f"/console/certificates/{code}")
    shown = await operator.follow("Revoke")
    assert "This cannot be undone" in shown.text
    assert (await operator.press("Revoke", reason="")).status == 422
    await operator.open(f"/console/certificates/{code}/revoke")
    shown = await operator.press("Revoke", reason="issued by mistake")
    assert "The certificate is revoked." in shown.text
    assert "issued by mistake" in shown.text
    [row] = console.database.query("SELECT actor, role, target, detail FROM audit WHERE action = 'certificate.revoke'")
    assert (row["actor"], row["role"], row["target"]) == ("operator", "operator", code)
    assert console.events(console.database.query("SELECT job_id FROM certificates")[0]["job_id"], "certificate.revoked")


async def test_a_name_is_corrected_and_the_old_one_superseded(console: Console, operator: Person) -> None:
    [code] = await issued(console)
    await operator.open(f"/console/certificates/{code}/reissue")
    assert "nothing is different" in (await operator.press("Reissue")).text
    await operator.open(f"/console/certificates/{code}/reissue")
    shown = await operator.press("Reissue", name="Zoë Šimůnková")
    assert "This is the new certificate." in shown.text
    assert "Zoë Šimůnková valid" in shown.text
    assert "superseded" in (await operator.open(f"/console/certificates/{code}")).text
    [row] = console.database.query("SELECT detail FROM audit WHERE action = 'certificate.reissue'")
    assert json.loads(row["detail"]) == {"changed": ["name"]}


@pytest.mark.parametrize("path", ["", "/file", "/revoke", "/reissue"])
async def test_the_certificate_of_another_site_or_company_is_not_there(console: Console, path: str) -> None:
    console.add_site(OTHER)
    [code] = await issued(console, company="north")
    for stranger in (await console.holder(OTHER), await console.holder(company="south")):
        answers = [await stranger.open(f"/console/certificates/{one}{path}") for one in (code, "0" * len(code))]
        assert [shown.status for shown in answers] == [404, 404]
        assert answers[0].text.partition("Request")[0] == answers[1].text.partition("Request")[0]
        token = dict(stranger.at.form("Sign out").fields)["csrf"]
        for action in ("revoke", "reissue"):
            sent = {"csrf": token, "reason": "x", "name": "x"}
            answer = await stranger.http.post(f"/console/certificates/{code}/{action}", data=sent)
            assert answer.status_code == 404
        assert code not in (await stranger.open("/console/certificates")).response.text
    assert [row["state"] for row in console.database.query("SELECT state FROM certificates")] == ["valid"]


async def test_the_archive_of_another_sites_job_is_not_there(console: Console) -> None:
    console.add_site(OTHER)
    await issued(console)
    job = console.database.query("SELECT job_id FROM certificates")[0]["job_id"]
    stranger = await console.holder(OTHER)
    for one in (job, "job_unknown", ""):
        assert (await stranger.open(f"/console/certificates.zip?job={one}")).status == 404
    assert (await stranger.open(f"/console/certificates?site={SITE}")).status == 404


async def test_whoever_may_only_look_ends_nothing(console: Console) -> None:
    [code] = await issued(console)
    reader = await console.holder(read_only=True)
    shown = await reader.open(f"/console/certificates/{code}")
    assert "Revoke" not in shown.text
    token = dict(shown.form("Sign out").fields)["csrf"]
    for action in ("revoke", "reissue"):
        answer = await reader.http.post(f"/console/certificates/{code}/{action}", data={"csrf": token, "reason": "x"})
        assert answer.status_code == 403
