"""Who may send as whom: a table of caller, field and sender, and that what is refused leaves nothing behind."""

import json
from typing import Any, NamedTuple

import httpx
import pytest

from tests.doubles.d1 import MIGRATIONS, SqliteDatabase
from tests.worlds.api import MESSAGE, NEW_JOB, Site, fault, person

OWN, LISTED, BELOW = "noreply@campus.example", "dean@college.example", "a@mail.college.example"
ACME, BETA = "office@acme.example", "office@beta.example"
OTHER_SITE, STRANGER, NONE = "noreply@other.example", "ceo@bank.example", None
ALL = (OWN, LISTED, BELOW, ACME, BETA, OTHER_SITE, STRANGER, NONE)
OF_SITE = {OWN, LISTED, ACME, BETA, NONE}  # NONE: nobody is named, and whoever is set is taken
EVERYTHING = {*ALL}


class School(NamedTuple):
    """A site with two companies, of which each has a sender, and another site beside it."""

    site: Site
    clients: dict[str, httpx.AsyncClient]

    @property
    def database(self) -> SqliteDatabase:
        return self.site.deployment.database

    def kept(self) -> dict[str, Any]:
        tables = ("jobs", "job_contents", "recipients", "companies", "sites", "audit")
        return {table: self.database.query(f"SELECT * FROM {table}") for table in tables}


@pytest.fixture
async def school(new_site: Any) -> School:
    await new_site(**{"name": "Other", "from": {"email": OTHER_SITE}, "senders": ["other.example"]})
    senders = ["College.example", ACME, BETA]
    site: Site = await new_site(**{"from": {"email": OWN}, "senders": senders})
    for company, sender in (("Acme", ACME), ("Beta", BETA)):
        put = await site.client.put(f"/v1/companies/{company}", json={"from": {"email": sender}})
        assert put.status_code == 200
    looking = await site.operator.post(f"/v1/sites/{site.id}/tokens", json={"name": "looks", "read_only": True})
    clients = {
        "operator": site.operator,
        "site": site.client,
        "company": await site.company("Acme"),
        "company without a sender": await site.company("Gamma"),
        "read-only": await site.deployment.client(looking.json()["token"]),
    }
    return School(site, clients)


def asked(field: str, sender: str | None, site: Site) -> tuple[str, str, dict[str, Any]]:
    """Method, path and body that name the sender in the field."""
    mailbox = {"from": {"email": sender} if sender else None}
    message = MESSAGE | mailbox
    match field:
        case "job":
            return "POST", "/v1/jobs", NEW_JOB | {"message": message, "recipients": [person(1)], "start": True}
        case "draft":
            return "POST", "/v1/jobs", NEW_JOB | {"message": message}
        case "job of Acme":
            return "POST", "/v1/jobs", NEW_JOB | {"message": message, "company": "Acme"}
        case "preview":
            return "POST", "/v1/preview", {"message": message, "recipient": person(1)}
        case "Acme's own":
            return "PUT", f"/v1/companies/Acme?site={site.id}", mailbox
        case "site's own":
            return "PATCH", f"/v1/sites/{site.id}", mailbox
        case "new site's own":
            return "POST", "/v1/sites", {"name": "New", **mailbox}
        case "site's senders":
            return "PATCH", f"/v1/sites/{site.id}", {"senders": [sender] if sender else []}
    raise AssertionError(field)


MESSAGES = ("job", "draft", "job of Acme", "preview")
FIELDS = (*MESSAGES, "Acme's own", "site's own", "new site's own", "site's senders")
# what each may name where; whoever is not here names nothing at all
ALLOWED: dict[tuple[str, str], set[str | None]] = {
    **{("site", field): OF_SITE for field in (*MESSAGES, "Acme's own")},
    **{("company", field): {OWN, ACME, NONE} for field in MESSAGES},
    **{("company without a sender", field): {OWN, NONE} for field in ("job", "draft", "preview")},
    ("operator", "Acme's own"): OF_SITE,
    ("operator", "site's own"): EVERYTHING,
    ("operator", "new site's own"): EVERYTHING,
    ("operator", "site's senders"): EVERYTHING,
}
REFUSED_FIELD = {**dict.fromkeys(MESSAGES, "/message/from/email"), "Acme's own": "/from/email"}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("caller", ["operator", "site", "company", "company without a sender", "read-only"])
async def test_each_caller_names_in_each_field_the_senders_that_are_theirs(
    school: School, caller: str, field: str
) -> None:
    allowed = ALLOWED.get((caller, field), set())
    for sender in ALL:
        method, path, body = asked(field, sender, school.site)
        before = school.kept()
        client = school.clients[caller]
        if caller != "operator":
            path = path.partition("?")[0]
        answer = await client.request(method, path, json=body)
        if sender in allowed:
            assert answer.is_success, (sender, answer.text)
            continue
        assert school.kept() == before, sender
        if allowed:
            assert fault(answer) == (422, "invalid-request", REFUSED_FIELD[field]), sender
            assert str(sender) not in answer.text
        else:
            assert answer.status_code in (401, 403, 404, 422), (sender, answer.text)


async def test_what_a_refusal_says_helps(school: School) -> None:
    body = NEW_JOB | {"message": MESSAGE | {"from": {"email": STRANGER}}}
    told = (await school.clients["site"].post("/v1/jobs", json=body)).json()["errors"][0]["detail"]
    assert "ask the operator to add it, or its domain, to `senders`" in told
    told = (await school.clients["company"].post("/v1/jobs", json=body)).json()["errors"][0]["detail"]
    assert "ask the site to make it the company's sender" in told


async def test_reply_to_is_free(school: School) -> None:
    message = MESSAGE | {"reply_to": {"email": "teacher@home.example"}}
    for caller in ("site", "company"):
        answer = await school.clients[caller].post("/v1/jobs", json=NEW_JOB | {"message": message})
        assert answer.status_code == 201


async def test_a_draft_does_not_start_as_whom_the_operator_took_away_and_a_running_job_goes_on(school: School) -> None:
    site = school.site
    message = MESSAGE | {"from": {"email": LISTED}}
    draft, running = await site.job(1, message=message), await site.job(1, message=message, start=True)
    await site.operator.patch(f"/v1/sites/{site.id}", json={"senders": []})
    answer = await site.client.post(f"/v1/jobs/{draft}/start")
    assert fault(answer) == (422, "invalid-request", "/message/from/email")
    assert (await site.client.get(f"/v1/jobs/{draft}")).json()["state"] == "draft"
    for action in ("pause", "resume"):
        assert (await site.client.post(f"/v1/jobs/{running}/{action}")).is_success
    await site.operator.patch(f"/v1/sites/{site.id}", json={"senders": ["*.example", LISTED]})
    await site.operator.patch(f"/v1/sites/{site.id}", json={"senders": [LISTED]})
    assert (await site.client.post(f"/v1/jobs/{draft}/start")).json()["state"] == "queued"


async def test_a_companys_sender_that_the_site_may_not_send_as_any_more_is_refused_to_its_jobs(school: School) -> None:
    await school.site.operator.patch(f"/v1/sites/{school.site.id}", json={"senders": [BETA]})
    answer = await school.clients["company"].post("/v1/jobs", json=NEW_JOB)
    assert fault(answer) == (422, "invalid-request", "/message/from/email")


async def test_senders_are_shown_in_the_form_they_are_compared_in(site: Site) -> None:
    given = ["Office@Campus.Example", "CAMPUS.example", "*.Café.example", "campus.example"]
    changed = await site.operator.patch(f"/v1/sites/{site.id}", json={"senders": given})
    expected = ["office@campus.example", "campus.example", "*.xn--caf-dma.example"]
    assert changed.json()["senders"] == expected
    [row] = site.deployment.database.query("SELECT detail FROM audit WHERE action = 'site.change'")
    of_nobody = ["@campus.example", *expected[1:]]
    assert json.loads(row["detail"])["after"] == {"senders": " ".join(of_nobody)}


@pytest.mark.parametrize("entry", ["*", "nobody@", "two words", "*@campus.example"])
async def test_what_is_no_sender_is_refused_by_its_place(site: Site, entry: str) -> None:
    answer = await site.operator.patch(f"/v1/sites/{site.id}", json={"senders": ["campus.example", entry]})
    assert fault(answer) == (422, "invalid-request", "/senders/1")


async def test_a_deployment_from_before_goes_on_as_whom_it_sends_and_as_nobody_else() -> None:
    database = SqliteDatabase(())
    *earlier, last = sorted(path for path in MIGRATIONS.glob("*.sql") if path.name <= "0016_senders.sql")
    for migration in earlier:
        database.connection.executescript(migration.read_text())
    database.connection.executescript("""
        INSERT INTO sites (id, name, provider, callback_secret, sender_email, created_at) VALUES
          ('s1', 'One', 'sandbox', 'x', ' Office@One.example ', 0), ('s2', 'Two', 'sandbox', 'x', NULL, 0);
        INSERT INTO companies (site_id, company, sender_email) VALUES
          ('s1', 'Acme', 'a@acme.example'), ('s1', 'B', NULL);
    """)
    jobs = (
        ("j1", "teacher@one.example", "site"),
        ("j2", "forged@bank.example", "company"),
        ("j3", "x@y.example", None),
    )
    for job, sender, role in jobs:
        content = json.dumps({"message": {"from": {"email": sender, "name": ""}}})
        database.query(
            "INSERT INTO jobs (id, site_id, kind, name, state, on_uncertain, batch_size, request_hash, created_at) "
            "VALUES (?, 's1', 'email', '', 'draft', 'hold', 1, '', 0)",
            job,
        )
        database.query("INSERT INTO job_contents (job_id, version, content) VALUES (?, 'v', ?)", job, content)
        database.query(
            "INSERT INTO audit (at, site_id, actor, role, action, target) VALUES (0, 's1', 't', ?, 'job.create', ?)",
            *(role, job),
        )
    database.connection.executescript(last.read_text())
    given = {row["id"]: set(row["senders"].split()) for row in database.query("SELECT id, senders FROM sites")}
    assert given == {"s1": {"office@one.example", "a@acme.example", "teacher@one.example"}, "s2": set()}
