"""On the Worker's own interpreter certificates have their site's pictures and fonts, and a new link is mailed."""

import io
import re
from typing import Any

import pikepdf

from tests.api.test_assets import SVG, png
from tests.certificates.fonts import opentype, truetype
from tests.doubles.sendgrid import SendGridServer, address_of
from tests.worlds.issuing import DESIGN
from tests.worlds.live import Live, Site, people, within

SCRIPTED = SVG.replace(b"<rect", b"<script>alert(1)</script><rect")


def uploaded(site: Site, data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = site.post("/v1/assets", content=data)
    return answer


def job_of(site: Site, count: int, *elements: dict[str, Any]) -> str:
    design = DESIGN | {"pages": [{"elements": [*DESIGN["pages"][0]["elements"], *elements]}]}
    certificate = {"design": design, "award": "biology", "title": "Biology", "issuer": "School"}
    message = {"subject": "Yours", "html": "{{ certificate_url }}", "variables": {"course": "Biology"}}
    job = site.start(site.draft(people(count), kind="certificate", certificate=certificate, message=message))
    assert site.ended(job)["counts"]["sent"] == count
    return job


def test_a_certificate_shows_a_sites_own_pictures_and_is_set_in_its_fonts(running: Live) -> None:
    site = running.site()
    picture = uploaded(site, SCRIPTED)
    assert picture["removed"] == ["<script>"]
    place = {"x": 10, "y": 10, "width": 90, "height": 20}
    images = [{"type": "image", "asset": name, **place} for name in (picture["name"], uploaded(site, png())["name"])]
    fonts = [uploaded(site, data)["name"] for data in (truetype(), opentype())]
    texts = [{"type": "text", "text": "abc", "font": {"asset": name}, **place} for name in fonts]
    job = job_of(site, 1, *images, *texts)
    [certificate] = site.get("/v1/certificates", job=job)["certificates"]
    link = site.post(f"/v1/certificates/{certificate['code']}/link")["url"]
    with pikepdf.open(io.BytesIO(running.http.get(link).content)) as pdf:
        assert not pdf.check_pdf_syntax()
        kinds = {str(font.DescendantFonts[0].Subtype) for font in pdf.pages[0].Resources.Font.values()}
    assert kinds == {"/CIDFontType2", "/CIDFontType0"}
    assert site.ask("DELETE", f"/v1/assets/{fonts[0]}").status_code == 200
    assert len(site.get("/v1/assets")["assets"]) == 3


def test_a_holder_is_mailed_a_new_link_after_the_answer(running: Live, sendgrid: SendGridServer) -> None:
    site = running.site(provider="sendgrid")
    job = job_of(site, 1)
    [certificate] = site.get("/v1/certificates", job=job)["certificates"]
    for _ in range(3):
        page = running.http.post(f"/verify/{certificate['code']}/link", headers={"accept-language": "de"})
        assert (page.status_code, page.headers["content-language"]) == (200, "de")
    within("the mail", lambda: len(sendgrid.mails(job)) > 1)
    _, mail = sendgrid.mails(job)  # that of the job, and one more
    assert mail["subject"] == "Ihr Zertifikat: Biology"
    assert address_of(mail) == "u0@students.example"
    link = re.search(rf"{re.escape(running.runtime.url)}/c/\S+", mail["content"][0]["value"])
    assert link
    assert running.http.get(link[0]).content.startswith(b"%PDF-")
