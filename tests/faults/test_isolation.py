"""Row 19: one site, and one company of it, never sees or changes what is another's, over every route of the API."""

import json
import re
from typing import Any

import pytest

from api.calls import Operation
from api.routes import OPERATIONS
from tests.faults.deployment import OPERATOR, Deployment, Site, simulate
from tests.faults.injection import Scripted, Strike

SECRET = "Confidential-Biology"
TABLES = (
    "jobs",
    "batches",
    "recipients",
    "callbacks",
    "dead_letters",
    "suppressions",
    "tokens",
    "sites",
    "certificates",
    "assets",
)
# bodies that are right in themselves, by the last part of the path
BODIES: dict[str, Any] = {
    "recipients": [{"ref": "x", "email": "x@example.com"}],
    "retry": {"filter": {"state": "failed"}},
    "resolve": {"filter": {}},
}


async def owner(deployment: Deployment) -> tuple[Site, dict[str, str]]:
    """A site with one of everything, all of it marked, and the ids that stand in paths."""
    site = deployment.north
    message = {"subject": SECRET, "html": SECRET}
    job = await site.job(
        [{"ref": SECRET, "email": f"{SECRET}@example.com", "name": SECRET}], name=SECRET, message=message
    )
    await deployment.settle()
    deployment.database.query(
        "INSERT INTO dead_letters (id, queue, site_id, job_id, batch, reason, body, created_at)"
        " VALUES (?, 'offload-batches', ?, ?, 0, ?, ?, 0)",
        *(SECRET, site.id, job, SECRET, json.dumps({"job": job, "batch": 0})),
    )
    site.suppress(f"{SECRET}@example.com")
    [event, *_] = deployment.database.query("SELECT id FROM callbacks WHERE job_id = ?", job)
    [token] = deployment.database.query("SELECT id FROM tokens WHERE site_id = ?", site.id)
    ids = {"job": job, "letter": SECRET, "callback": event["id"], "site": site.id, "token": token["id"]}
    return site, ids


def everything_of(deployment: Deployment, site: Site) -> dict[str, Any]:
    """Whatever belongs to a site."""
    found = {}
    for table in TABLES:
        columns = {row["name"] for row in deployment.database.query(f"PRAGMA table_info({table})")}
        by = {"site_id", "id"} & columns if table == "sites" else {"site_id"} & columns
        where = (
            "id = ?"
            if table == "sites"
            else "site_id = ?"
            if by
            else "job_id IN (SELECT id FROM jobs WHERE site_id = ?)"
        )
        found[table] = deployment.database.query(f"SELECT * FROM {table} WHERE {where}", site.id)
    return found


def routes() -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.path.startswith("/v1/")]


@pytest.mark.parametrize("stranger", ["another site", "a company"])
def test_row_19_no_route_shows_or_changes_what_is_anothers(stranger: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site, ids = await owner(deployment)
        before = everything_of(deployment, site)
        token = deployment.south.token
        if stranger == "a company":
            made = await deployment.ask(
                OPERATOR, "POST", f"/v1/sites/{site.id}/tokens", {"name": "North", "company": "north"}
            )
            token = made.body["token"]
            before = everything_of(deployment, site)
        answered = 0
        for operation in routes():
            parameters = re.findall(r"{(\w+)}", operation.path)
            path = re.sub(r"{(\w+)}", lambda match: ids.get(match[1], SECRET), operation.path)
            body = BODIES.get(path.rpartition("/")[2]) if operation.bodies else None
            answer = await deployment.ask(token, operation.method, path, body)
            answered += 1
            shown = json.dumps(answer.body)
            assert answer.status < 500, f"{operation.method} {operation.path}: {answer}"
            if parameters and operation.access != "public":
                assert 400 <= answer.status < 500, f"{operation.method} {operation.path}: {answer}"
                if operation.access == "site" and answer.status not in (400, 413, 415, 422):
                    assert answer.status == 404, f"{operation.method} {operation.path}: {answer}"
            given = [value for name, value in ids.items() if name in parameters]
            for id in given:
                shown = shown.replace(id, "")  # an answer may repeat what it was asked for
            assert SECRET not in shown.replace(f"'{SECRET}'", ""), f"{operation.method} {operation.path}: {shown}"
            assert everything_of(deployment, site) == before, f"{operation.method} {operation.path} changed something"
        assert answered > 25

    simulate(scenario)


def test_row_19_jobs_of_two_sites_with_the_same_people_do_not_touch_each_other() -> None:
    """`simulate` also looks, at every transaction of every consumer, whose rows it changed."""

    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        people = [{"ref": str(number), "email": f"u{number}@shared.example"} for number in range(200)]
        deployment.north.suppress("u7@shared.example")
        north, south = await deployment.north.job(people), await deployment.south.job(people)
        await deployment.settle()
        assert deployment.north.states(north) == {"sent": 199, "suppressed": 1}
        assert deployment.south.states(south) == {"sent": 200}

    simulate(scenario, faults=Scripted(Strike("message", "", "twice_at_once", times=50)))
