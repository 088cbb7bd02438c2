"""A certificate is generated and lies in R2, and leaves with its mail: the checklist's line on certificates."""

import hashlib
from base64 import b64decode
from io import BytesIO

import httpx
import pypdfium2
import zxingcpp

from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import Live, Site, people

ISSUED = 5


def test_certificate_generated_and_in_r2(running: Live) -> None:
    site = running.site()
    job = site.start(certificates(site))
    assert site.ended(job)["counts"]["sent"] == ISSUED
    listed = site.get("/v1/certificates", job=job)["certificates"]
    assert len({certificate["code"] for certificate in listed}) == ISSUED
    for row in running.rows(f"SELECT file, sha256 FROM certificates WHERE job_id = '{job}'"):
        assert hashlib.sha256(running.stored(row["file"])).hexdigest() == row["sha256"]

    chosen = listed[0]
    link = site.post(f"/v1/certificates/{chosen['code']}/link")["url"]
    pdf = httpx.get(link).raise_for_status().content
    assert hashlib.sha256(pdf).hexdigest() == chosen["sha256"]
    page = pypdfium2.PdfDocument(BytesIO(pdf))[0]
    assert chosen["printed_code"] in page.get_textpage().get_text_range()
    (read,) = zxingcpp.read_barcodes(picture(page))
    assert read.text == chosen["verify_url"]
    assert chosen["printed_code"] in httpx.get(read.text).raise_for_status().text


def test_certificate_attached_to_its_mail(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    job = site.start(certificates(site, delivery="attachment"))
    assert site.ended(job)["counts"]["sent"] == ISSUED
    assert {person["attachment"] for person in site.people(job).values()} == {"attached"}
    recorded = {one["code"]: one["sha256"] for one in site.get("/v1/certificates", job=job)["certificates"]}
    mailed = {file["filename"]: file["content"] for mail in sendgrid.mails(job) for file in mail["attachments"]}
    assert {name: hashlib.sha256(b64decode(content)).hexdigest() for name, content in mailed.items()} == {
        f"certificate-{code}.pdf": sha256 for code, sha256 in recorded.items()
    }


def picture(page: pypdfium2.PdfPage) -> memoryview:
    """A page as rows of grey, without a library for pictures."""
    bitmap = page.render(scale=3, grayscale=True)
    return memoryview(bytes(bitmap.buffer)).cast("B", [bitmap.height, bitmap.stride])


def certificates(site: Site, **options: str) -> str:
    award = {"design": "classic", "award": "biology-1", "title": "Biology", "issuer": "School", **options}
    message = {"subject": "Your certificate", "html": "<p>{{ name }}: {{ certificate_url }}</p>"}
    return site.draft(people(ISSUED), kind="certificate", certificate=award, message=message)
