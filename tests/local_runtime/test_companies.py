"""What a company has of its own gets, on the local runtime, from the setting to the mail and to the audit trail."""

import json
from urllib.parse import quote

from tests.local_runtime.test_unsubscribe import the_mail
from tests.worlds.live import Live, person

NAME = "Nord/Süd & Söhne"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'


def test_a_companys_mails_have_its_sender_and_its_look(running: Live) -> None:
    site = running.site(senders=["nord.example"])
    company = running.company(site, NAME)
    logo = company.ask("POST", "/v1/assets", content=PICTURE).json()["name"]
    path = f"/v1/companies/{quote(NAME, safe='')}"
    settings = {"from": {"email": "noreply@nord.example", "name": "Nord"}, "logo": logo, "colour": "#1a2b3c"}
    assert site.ask("PUT", path, settings | {"send_rate": 50}).json()["company"] == NAME
    assert company.ask("PUT", path, {"logo": logo, "colour": "#445566"}).json()["from"]["name"] == "Nord"
    message = {"subject": "Hello", "html": "<p style='color:{{ company.colour }}'><img src='{{ company.logo }}'></p>"}
    job = company.start(company.draft([person(1)], message=message))
    assert company.ended(job)["rate"] == 50
    mail = the_mail(running, company, job, "u1")
    assert " ".join(mail["From"].split()) == "Nord <noreply@nord.example>"
    [html] = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "text/html"]
    assert isinstance(html, bytes)
    assert b"color:#445566" in html
    address = html.decode().partition("src='")[2].partition("'")[0]
    picture = running.http.get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")

    entries = site.get("/v1/audit", company=NAME, action="company.change")["entries"]
    assert [entry["role"] for entry in entries] == ["company", "site"]
    assert (entries[0]["before"]["colour"], entries[0]["after"]["colour"]) == ("#1a2b3c", "#445566")
    table = site.ask("GET", "/v1/audit?format=csv").content.decode("utf-8-sig")
    assert json.dumps(NAME, ensure_ascii=False).strip('"') in table
    assert company.ask("GET", path.replace("Nord", "Nort")).status_code == 404
