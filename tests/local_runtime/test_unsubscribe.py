"""One click in a mail, as it was sent, stops the next job on the local runtime; undoing it lets the job through."""

import email
import re
from email.message import Message

from tests.worlds.live import Live, Site, person

CATEGORY = "course-reminders"


def the_mail(running: Live, site: Site, job: str, ref: str) -> Message:
    key = f"{site.id}/sandbox/{job}/{site.people(job)[ref]['message_id']}.eml"
    return email.message_from_bytes(running.stored(key))


def mailed(site: Site, category: str = CATEGORY) -> dict[str, str]:
    """What became of two people in a new job."""
    job = site.start(site.draft([person(1), person(2)], category=category, unsubscribe=True))
    site.ended(job)
    return {ref: found["state"] for ref, found in site.people(job).items()}


def test_one_click_in_a_mail_stops_the_next_job_and_undo_lets_it_through(running: Live) -> None:
    site = running.site()
    job = site.start(site.draft([person(1), person(2)], category=CATEGORY, unsubscribe=True))
    site.ended(job)
    mail = the_mail(running, site, job, "u1")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.sub(r"\s", "", mail["List-Unsubscribe"]).strip("<>")
    assert link.startswith(f"{running.runtime.url}/u/")

    page = running.http.get(link, headers={"accept-language": "ar"})
    assert (page.status_code, page.headers["content-language"]) == (200, "ar")
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert mailed(site) == {"u1": "sent", "u2": "sent"}

    clicked = running.http.post(link, data={"List-Unsubscribe": "One-Click"})
    assert clicked.status_code == 200
    assert not {"location", "set-cookie"} & clicked.headers.keys()
    assert mailed(site) == {"u1": "suppressed", "u2": "sent"}
    assert mailed(site, "news") == {"u1": "sent", "u2": "sent"}
    [told] = [event["data"] for event in site.events() if event["type"] == "delivery.updated"]
    assert (told["job"], told["recipients"][0]["ref"], told["recipients"][0]["unsubscribed"]) == (job, "u1", True)

    assert running.http.post(link, data={"choice": "undo"}).status_code == 200
    assert mailed(site) == {"u1": "sent", "u2": "sent"}
    assert running.http.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404


def test_a_table_of_addresses_is_taken_in_given_back_and_released(running: Live) -> None:
    site = running.site()
    path, addresses = "/v1/suppressions", [f"u{number}@students.example" for number in range(5_000)]
    table = "email,reason\r\n" + "".join(f"{address},complaint\r\n" for address in addresses)
    answer = site.ask("POST", path, headers={"content-type": "text/csv"}, content=table.encode())
    assert answer.json() == {"added": 5_000, "unchanged": 0}
    listed = site.ask("GET", path, headers={"accept": "text/csv"}).content.decode("utf-8-sig")
    assert sorted(line.partition(",")[0] for line in listed.splitlines()[1:]) == sorted(addresses)
    assert mailed(site) == {"u1": "suppressed", "u2": "suppressed"}
    assert site.ask("DELETE", path, {"email": addresses[1]}).status_code == 409
    released = site.ask("DELETE", path, {"email": addresses[1], "force": True, "note": "asked for it"})
    assert [row["email"] for row in released.json()["released"]] == [addresses[1]]
    assert mailed(site) == {"u1": "sent", "u2": "suppressed"}
