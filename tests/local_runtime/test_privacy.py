"""A person is erased on the local runtime: D1 itself runs every statement of it, and R2 gives the file away no more."""

from tests.worlds.live import Live, person, within

DESIGN = {
    "design": "classic",
    "award": "course-7",
    "title": "Biology",
    "issuer": "School",
}


def test_a_person_is_exported_erased_and_not_mailed_again(running: Live) -> None:
    site = running.site()
    mail = {"subject": "Your certificate", "html": "<a href='{{ certificate_url }}'>{{ certificate_code }}</a>"}
    body = {"kind": "certificate", "certificate": DESIGN, "message": mail, "recipients": [person(1), person(2)]}
    job = site.start(str(site.post("/v1/jobs", body)["id"]))
    assert site.ended(job)["counts"]["sent"] == 2
    waiting = site.draft([person(1), person(2)])
    who = {"ref": "u1", "email": "U1@students.example"}

    shown = site.post("/v1/privacy/export", who)
    assert [row["job"] for row in shown["recipients"]] == [job, waiting]
    assert {event["type"] for event in shown["events"]} == {"certificate.issued", "batch.completed"}
    [certificate] = shown["certificates"]
    assert running.http.get(certificate["url"]).content.startswith(b"%PDF-")

    counted = site.post("/v1/privacy/erase", {**who, "dry_run": True})
    erased = site.post("/v1/privacy/erase", who)
    assert erased == {**counted, "dry_run": False}
    assert (erased["counts"]["recipients"], erased["counts"]["cancelled"], erased["next"]) == (2, 1, None)
    assert not any(site.post("/v1/privacy/erase", who)["counts"].values())
    assert site.job(job)["counts"]["sent"] == 2
    assert site.job(waiting)["counts"]["cancelled"] == 1
    assert running.http.get(certificate["url"]).status_code == 410
    page = running.http.get(f"/verify/{certificate['code']}")
    assert "erased since" in page.text
    of_site = f"job_id IN (SELECT id FROM jobs WHERE site_id = '{site.id}')"
    [left] = running.rows(
        f"""SELECT (SELECT count(*) FROM recipients WHERE {of_site} AND (ref = 'u1' OR email LIKE 'u1@%')) AS people,
              (SELECT count(*) FROM callbacks WHERE {of_site} AND data LIKE '%"u1"%') AS events,
              (SELECT count(*) FROM certificates WHERE {of_site} AND ref = 'u1') AS certificates"""
    )
    assert left == {"people": 0, "events": 0, "certificates": 0}
    again = site.start(site.draft([person(1), person(2)]))
    site.ended(again)
    assert site.people(again)["u1"]["state"] == "suppressed"


def test_a_site_that_keeps_nothing_is_swept(running: Live) -> None:
    site = running.site(keep_people_days=1, keep_certificate_years=1)
    job = site.start(site.draft([person(1), person(2)]))
    site.ended(job)
    running.rows(f"UPDATE jobs SET ended_at = 1 WHERE id = '{job}'")

    def gone() -> bool:
        return {row["email"] for row in site.people(job).values()} == {""} and not site.events()

    within("the people are erased", gone)
    assert site.job(job)["counts"]["sent"] == 2
    [due] = site.get("/v1/privacy/retention")["sites"]
    assert not any(due["due"].values())
