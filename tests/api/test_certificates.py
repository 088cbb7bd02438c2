"""Certificates through the API: issued by a job, looked up, revoked, reissued, linked, fetched as one archive."""

import base64
import hashlib
import io
import json
import zipfile
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest

import queue_consumer
from store.audit_details import with_words
from tests.doubles.bindings import DeliveredMessage
from tests.worlds.api import MESSAGE, Deployment, Site, fault, person
from tests.worlds.issuing import DESIGN, SETTINGS

CERTIFICATE = {"design": DESIGN, "award": "course-7", "title": "Biology", "issuer": "School"}
JOB = {"kind": "certificate", "message": MESSAGE | {"variables": {"course": "Biology 1"}}, "certificate": CERTIFICATE}


@pytest.fixture(autouse=True)
def can_issue(deployment: Deployment) -> None:
    deployment.values |= SETTINGS


async def work(deployment: Deployment) -> None:
    while deployment.batches.sent:
        body, _ = deployment.batches.sent.popleft()
        await queue_consumer.consume(deployment.services(), [DeliveredMessage(body)])


async def issued(site: Site, people: int = 1, client: httpx.AsyncClient | None = None, **more: Any) -> str:
    """The id of a job that has issued its certificates."""
    body = JOB | {"recipients": [person(number) for number in range(people)], "start": True} | more
    response = await (client or site.client).post("/v1/jobs", json=body)
    assert response.status_code == 201, response.text
    await work(site.deployment)
    return str(response.json()["id"])


async def test_an_attached_certificate_is_in_the_mail_and_told_of_each_person(
    site: Site, deployment: Deployment
) -> None:
    job = await issued(site, 2, certificate=CERTIFICATE | {"delivery": "attachment"})
    people = (await site.client.get(f"/v1/jobs/{job}/recipients")).json()["recipients"]
    assert [one["attachment"] for one in people] == ["attached", "attached"]
    table = (await site.client.get(f"/v1/jobs/{job}/recipients?format=csv")).text.splitlines()
    assert [row.split(",")[-2] for row in table] == ["attachment", "attached", "attached"]
    [listed, _] = (await site.client.get("/v1/certificates")).json()["certificates"]
    mail = message_from_bytes(
        next(
            stored.data
            for stored in deployment.files.objects.values()
            if stored.content_type == "message/rfc822" and listed["code"].encode() in stored.data
        ),
        policy=default,
    )
    [file] = mail.iter_attachments()
    assert hashlib.sha256(file.get_content()).hexdigest() == listed["sha256"]


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    response = await client.get("/v1/certificates", params=filters)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["certificates"]
    return found


async def one(site: Site, **more: Any) -> dict[str, Any]:
    await issued(site, **more)
    [certificate] = await listed(site.client)
    return certificate


def trail(deployment: Deployment) -> list[tuple[str, str, Any]]:
    """As it is shown."""
    shown = f"SELECT {with_words('detail')} AS detail, a.* FROM audit a WHERE action LIKE 'certificate.%' ORDER BY id"
    rows = deployment.database.query(shown)
    return [(row["action"], row["target"], json.loads(row["detail"])) for row in rows]


def events(deployment: Deployment, kind: str) -> list[dict[str, Any]]:
    rows = deployment.database.query("SELECT data FROM callbacks WHERE type = ? ORDER BY cursor", kind)
    return [certificate for row in rows for certificate in json.loads(row["data"])["certificates"]]


async def test_an_issued_certificate_is_shown(site: Site, deployment: Deployment) -> None:
    job = await issued(site)
    [shown] = await listed(site.client, job=job)
    code = shown["code"]
    assert shown == {
        "code": code,
        "printed_code": f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}",
        "verify_url": f"https://offload.example/verify/{code}",
        "job": job,
        "company": None,
        "ref": "u0",
        "award": "course-7",
        "version": 1,
        "state": "valid",
        "reason": None,
        "title": "Biology",
        "issuer": "School",
        "holder": "Person 0",
        "sha256": hashlib.sha256(
            deployment.files.objects[f"{site.id}/-/certificates/{job}/{code}.pdf"].data
        ).hexdigest(),
        "issued_at": shown["issued_at"],
        "expires_at": None,
        "ended_at": None,
    }
    typed = shown["printed_code"].lower()
    assert (await site.client.get(f"/v1/certificates/{typed}")).json() == shown


async def test_certificates_are_listed_by_pages_and_by_person(site: Site) -> None:
    await issued(site, 3)
    first = (await site.client.get("/v1/certificates", params={"limit": 2})).json()
    rest = (await site.client.get("/v1/certificates", params={"limit": 2, "cursor": first["next"]})).json()
    assert {one["ref"] for one in first["certificates"] + rest["certificates"]} == {"u0", "u1", "u2"}
    assert rest["next"] is None
    assert [one["ref"] for one in await listed(site.client, ref="u1")] == ["u1"]


@pytest.mark.parametrize(("shown", "expected"), [("full", "Ana María Pérez"), ("initials", "A. M. P."), ("hidden", "")])
async def test_the_site_chooses_what_is_shown_of_the_holder(site: Site, shown: str, expected: str) -> None:
    people = [person(0, name="Ana María Pérez")]
    certificate = await one(site, certificate=CERTIFICATE | {"holder": shown}, recipients=people)
    assert certificate["holder"] == expected


async def test_a_certificate_is_revoked_once_with_event_and_audit_row(site: Site, deployment: Deployment) -> None:
    code = (await one(site))["code"]
    path = f"/v1/certificates/{code}/revoke"
    revoked = (await site.client.post(path, json={"reason": "Plagiarism"})).json()
    assert (revoked["state"], revoked["reason"]) == ("revoked", "Plagiarism")
    deployment.clock.advance(60)
    again = await site.client.post(path, json={"reason": "Another"})
    assert again.json() == revoked
    assert trail(deployment) == [("certificate.revoke", code, {"reason": "Plagiarism"})]
    [event] = events(deployment, "certificate.revoked")
    assert (event["code"], event["ref"], event["reason"]) == (code, "u0", "Plagiarism")


async def test_a_reissue_corrects_the_name_and_supersedes_the_old_one(site: Site, deployment: Deployment) -> None:
    old = await one(site)
    response = await site.client.post(f"/v1/certificates/{old['code']}/reissue", json={"name": "Zoë"})
    new = response.json()
    assert response.status_code == 201
    assert (new["version"], new["state"], new["holder"], new["issued_at"]) == (2, "valid", "Zoë", old["issued_at"])
    assert new["code"] != old["code"]
    after = (await site.client.get(f"/v1/certificates/{old['code']}")).json()
    assert (after["state"], after["holder"]) == ("superseded", "Person 0")
    assert events(deployment, "certificate.issued")[-1]["replaces"] == old["code"]
    assert trail(deployment) == [("certificate.reissue", old["code"], {"changed": ["name"]})]
    assert len([key for key in deployment.files.objects if key.endswith(".pdf")]) == 2


async def test_a_second_reissue_keeps_what_the_first_corrected(site: Site) -> None:
    first = await one(site)
    second = (await site.client.post(f"/v1/certificates/{first['code']}/reissue", json={"name": "Zoë"})).json()
    body = {"variables": {"course": "Biology 2"}}
    third = (await site.client.post(f"/v1/certificates/{second['code']}/reissue", json=body)).json()
    assert (third["version"], third["holder"]) == (3, "Zoë")


async def test_what_has_ended_is_neither_reissued_nor_revoked(site: Site, deployment: Deployment) -> None:
    old = await one(site)
    new = (await site.client.post(f"/v1/certificates/{old['code']}/reissue", json={"name": "Zoë"})).json()
    again = await site.client.post(f"/v1/certificates/{old['code']}/reissue", json={"name": "Zoe"})
    assert fault(again)[:2] == (409, "certificate-ended")
    revoking = await site.client.post(f"/v1/certificates/{old['code']}/revoke", json={"reason": "x"})
    assert fault(revoking)[:2] == (409, "certificate-ended")
    await site.client.post(f"/v1/certificates/{new['code']}/revoke", json={"reason": "x"})
    again = await site.client.post(f"/v1/certificates/{new['code']}/reissue", json={"name": "Zoe"})
    assert fault(again)[:2] == (409, "certificate-ended")
    assert len([key for key in deployment.files.objects if key.endswith(".pdf")]) == 2


async def test_a_name_that_cannot_be_spelled_is_not_reissued(site: Site, deployment: Deployment) -> None:
    code = (await one(site))["code"]
    response = await site.client.post(f"/v1/certificates/{code}/reissue", json={"name": "\U00013080"})
    assert fault(response)[:2] == (422, "recipient-fault")
    assert (await site.client.get(f"/v1/certificates/{code}")).json()["state"] == "valid"
    assert trail(deployment) == []


async def test_without_the_persons_data_nothing_is_reissued(site: Site, deployment: Deployment) -> None:
    code = (await one(site))["code"]
    deployment.database.query("DELETE FROM recipients")
    response = await site.client.post(f"/v1/certificates/{code}/reissue", json={"name": "Zoë"})
    assert fault(response)[:2] == (409, "holder-forgotten")


async def test_a_new_link_leads_to_the_file_and_is_on_record(site: Site, deployment: Deployment) -> None:
    code = (await one(site))["code"]
    link = (await site.client.post(f"/v1/certificates/{code}/link", json={"days": 7})).json()
    response = await site.client.get(link["url"])
    assert response.headers["content-type"] == "application/pdf"
    [(action, target, detail)] = trail(deployment)
    assert (action, target, detail["until"]) == ("certificate.link", code, link["expires_at"])


async def test_another_companys_certificates_are_not_there(site: Site) -> None:
    north, south = await site.company("north"), await site.company("south")
    await issued(site, client=north)
    [certificate] = await listed(north)
    assert await listed(south) == []
    path = f"/v1/certificates/{certificate['code']}"
    for method, action, body in (
        ("GET", "", None),
        ("POST", "/revoke", {"reason": "x"}),
        ("POST", "/reissue", {"name": "x"}),
        ("POST", "/link", {}),
    ):
        response = await south.request(method, path + action, json=body)
        assert fault(response)[:2] == (404, "unknown-certificate"), action
    job = f"/v1/jobs/{certificate['job']}/certificates.zip"
    assert fault(await south.get(job))[:2] == (404, "unknown-job")
    assert (await site.client.get(path)).json()["state"] == "valid"


async def test_a_jobs_certificates_come_as_one_archive(site: Site) -> None:
    await issued(site, 2)
    people = [person(number, name=name) for number, name in enumerate(("Zoë ../etc", "Ἀθηνᾶ"))]
    again = await issued(site, recipients=people)
    response = await site.client.get(f"/v1/jobs/{again}/certificates.zip")
    assert response.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    found = {row["code"]: row["sha256"] for row in await listed(site.client)}
    assert {name[-20:-4]: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()} == found
    assert sorted(name[:-21] for name in archive.namelist()) == ["Zoë ___etc", "Ἀθηνᾶ"]
    assert all(not info.flag_bits & 8 for info in archive.infolist())  # readers of streams cannot do without sizes


async def test_the_archive_tells_what_is_missing(site: Site, deployment: Deployment) -> None:
    job = await issued(site, 2)
    [lost, kept] = await listed(site.client)
    del deployment.files.objects[f"{site.id}/-/certificates/{job}/{lost['code']}.pdf"]
    archive = zipfile.ZipFile(io.BytesIO((await site.client.get(f"/v1/jobs/{job}/certificates.zip")).content))
    assert archive.read("missing.txt").decode() == f"{lost['code']}\n"
    assert [name for name in archive.namelist() if kept["code"] in name]


async def test_the_archive_of_a_job_of_mails_is_empty(site: Site) -> None:
    job = await site.job(1)
    response = await site.client.get(f"/v1/jobs/{job}/certificates.zip")
    assert zipfile.ZipFile(io.BytesIO(response.content)).namelist() == []


PREVIEW = {"message": JOB["message"], "certificate": CERTIFICATE, "recipient": person(1)}


async def test_a_preview_is_a_pdf_beside_the_mail_and_nothing_is_kept(site: Site, deployment: Deployment) -> None:
    answer = (await site.client.post("/v1/preview", json=PREVIEW)).json()
    assert base64.b64decode(answer["pdf"]).startswith(b"%PDF-")
    assert answer["mail"]["subject"] == "Hello Person 1"
    assert deployment.files.objects == {}
    assert await listed(site.client) == []


async def test_a_preview_can_be_the_file_alone(site: Site) -> None:
    body = {**PREVIEW, "recipient": person(1, variables={"course": "Logic"})}
    del body["message"]
    response = await site.client.post("/v1/preview", json=body, headers={"Accept": "application/pdf"})
    assert response.headers["content-type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert (await site.client.post("/v1/preview", json=body)).json()["mail"] is None


async def test_a_preview_names_the_design_variable_that_is_missing(site: Site) -> None:
    body = {"certificate": CERTIFICATE, "recipient": person(1)}
    assert fault(await site.client.post("/v1/preview", json=body)) == (
        *(422, "recipient-fault"),
        "/recipient/variables/course",
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"kind": "email"}, (422, "invalid-request", "/certificate")),
        ({"certificate": CERTIFICATE | {"design": "nonesuch"}}, (422, "invalid-request", "/certificate/design")),
        ({"certificate": CERTIFICATE | {"holder": "all"}}, (422, "invalid-request", "/certificate/holder")),
        ({"certificate": CERTIFICATE | {"link_days": 0}}, (422, "invalid-request", "/certificate/link_days")),
        ({"certificate": CERTIFICATE | {"delivery": "pigeon"}}, (422, "invalid-request", "/certificate/delivery")),
        ({"certificate": CERTIFICATE | {"locale": "x"}}, (422, "invalid-request", "/certificate/locale")),
        ({"certificate": CERTIFICATE | {"expires_at": "soon"}}, (422, "invalid-request", "/certificate/expires_at")),
        (
            {"certificate": CERTIFICATE | {"design": DESIGN | {"pages": [{"elements": [{"type": "photo"}]}]}}},
            (422, "template-refused", "/certificate/design/pages/0/elements/0/type"),
        ),
        (
            {"certificate": CERTIFICATE | {"design": DESIGN | {"x": "y" * 900_000}}},
            (422, "invalid-request", "/certificate/design"),
        ),
    ],
)
async def test_a_certificate_that_cannot_be_is_refused_with_its_field(
    site: Site, more: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert fault(await site.client.post("/v1/jobs", json=JOB | more)) == expected


async def test_a_job_of_certificates_needs_one(site: Site) -> None:
    body = {name: value for name, value in JOB.items() if name != "certificate"}
    assert fault(await site.client.post("/v1/jobs", json=body)) == (422, "invalid-request", "/certificate")


@pytest.mark.parametrize("setting", ["PUBLIC_URL", "SIGNING_SECRET"])
async def test_without_a_setting_no_certificates_are_taken_on(site: Site, deployment: Deployment, setting: str) -> None:
    del deployment.values[setting]
    assert fault(await site.client.post("/v1/jobs", json=JOB)) == (409, "not-configured", setting)
