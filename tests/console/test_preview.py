"""The mail of one person, looked at in the console: nothing of it can do anything there."""

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup

from api.messages import certificate_of
from console.preview import pictures_elsewhere
from tests.worlds.console import Console, Person
from tests.worlds.world import MESSAGE, person

HTML = """<p onclick="alert(1)">Dear {{ name }}</p><script>alert(2)</script><img src="https://pictures.example/logo.png">
<a href="{{ unsubscribe_url }}">no more</a>"""


async def previewed(console: Console, operator: Person, people: list[dict[str, Any]], **fields: Any) -> str:
    content = {"message": {**MESSAGE, "html": HTML}, "unsubscribe": True}
    job = await console.draft(people, **fields)
    console.database.query("UPDATE job_contents SET content = ? WHERE job_id = ?", json.dumps(content), job)
    await operator.open(f"/console/jobs/{job}/people/0/preview")
    return job


async def test_the_mail_is_what_the_person_would_get(console: Console, operator: Person) -> None:
    await previewed(console, operator, [person(0, name="Zoë <b>")])
    shown = operator.at
    for words in ("Reminder for Zoë", "School <school@example.org>", "List-Unsubscribe", "Dear Zoë", "Message-ID"):
        assert words in shown.text
    assert "Zoë &lt;b&gt;" in shown.response.text
    assert "<b>" not in shown.response.text
    assert "onclick" not in shown.response.text
    assert "<script>alert" not in shown.response.text


async def test_its_markup_is_apart_and_can_do_nothing(console: Console, operator: Person) -> None:
    job = await previewed(console, operator, [person(0)])
    address = f"/console/jobs/{job}/people/0/preview/mail"
    page = BeautifulSoup(operator.at.response.text, "html.parser", multi_valued_attributes=None)
    [frame] = page.find_all("iframe")
    assert frame.attrs == {
        "sandbox": "",
        "referrerpolicy": "no-referrer",
        "title": "The mail as HTML",
        "src": address,
    }
    answer = await operator.http.get(address)
    assert "<script>alert(2)</script>" in answer.text, "it is the mail as it is"
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[0] == "sandbox"
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "frame-ancestors 'self'" in policy
    assert not [part for part in policy if part.startswith(("script-src", "connect-src"))]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_pictures_on_other_servers_are_named_and_not_loaded(console: Console, operator: Person) -> None:
    await previewed(console, operator, [person(0)])
    assert "1 of its pictures is on other servers, and not loaded here: https://pictures.example/logo.png" in (
        operator.at.text
    )


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<img src='//a.example/x.png'>", ["//a.example/x.png"]),
        ("<IMG SRC=HTTP://a.example/x>", ["HTTP://a.example/x"]),
        ("<table background='https://a.example/b.gif'>", ["https://a.example/b.gif"]),
        ("<p style=\"background: url('https://a.example/c')\">", ["https://a.example/c"]),
        ("<img src='data:image/png;base64,AAAA'><img src='cid:x'><img>", []),
        ("<a href='https://a.example/'>https://a.example/x.png</a>", []),
        ("<img src='https://a.example/1'><img src='https://a.example/1'>", ["https://a.example/1"]),
    ],
)
def test_pictures_elsewhere_are_found(html: str, found: list[str]) -> None:
    assert pictures_elsewhere(html) == found


async def test_no_link_acts_for_the_person(console: Console, operator: Person) -> None:
    job = await previewed(console, operator, [person(0)])
    answer = await operator.http.get(f"/console/jobs/{job}/people/0/preview/mail")
    assert 'href="https://offload.example/u/preview"' in answer.text
    assert "Links to unsubscribe lead nowhere here." in operator.at.text


async def test_a_person_whose_mail_cannot_be_made_says_why(console: Console, operator: Person) -> None:
    job = await previewed(console, operator, [person(0, email="no address"), person(1)])
    assert "No mail can be made of it" in operator.at.text
    assert "<iframe" not in operator.at.response.text
    assert (await operator.open(f"/console/jobs/{job}/people/0/preview/mail")).status == 404
    await operator.open(f"/console/jobs/{job}/people/0/preview")
    assert "<iframe" in (await operator.follow("Next person")).response.text
    await operator.follow("Person before")
    assert operator.at.path.endswith("/people/0/preview")


async def test_anybody_is_found_by_their_reference(console: Console, operator: Person) -> None:
    job = await previewed(console, operator, [person(0), person(7, ref="anna/é")])
    shown = await operator.press("Show", ref="anna/é")
    assert shown.path == f"/console/jobs/{job}/people/1/preview"
    assert "anna" not in str(shown.response.url)
    assert (await operator.open(f"/console/jobs/{job}/preview?ref=nobody")).status == 404


async def test_a_certificate_that_is_not_issued_yet_is_named_by_nobodys_code(
    console: Console, operator: Person
) -> None:
    given = {"design": "classic", "award": "first-aid", "title": "First aid", "issuer": "School"}
    content = {
        "message": {**MESSAGE, "html": "<p>{{ certificate_url }} {{ certificate_code }} {{ verify_url }}</p>"},
        "certificate": certificate_of(given, None),
    }
    job = await console.draft(2, kind="certificate", content=content, message=MESSAGE)
    shown = await operator.open(f"/console/jobs/{job}/people/0/preview")
    assert "https://offload.example/c/preview.pdf 0000-0000-0000-0000 https://offload.example/verify/0000" in shown.text
    assert "Links to the certificate lead nowhere here." in shown.text
    shown = await operator.open(f"/console/jobs/{job}")
    assert "Certificates of School" in shown.text
    assert shown.link("Its certificates").endswith(f"/console/certificates?job={job}")


async def test_the_mail_of_anothers_person_is_not_shown(console: Console, operator: Person) -> None:
    job = await previewed(console, operator, [person(0)])
    console.add_site("site_" + "b" * 32)
    for stranger in (await console.holder("site_" + "b" * 32), await console.holder(company="rival")):
        for path in ("people/0/preview", "people/0/preview/mail", "preview?ref=0", "people/0"):
            shown = await stranger.open(f"/console/jobs/{job}/{path}")
            assert shown.status == 404
            assert "Person 0" not in shown.response.text
