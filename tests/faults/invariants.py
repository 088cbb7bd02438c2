"""What must be so after every history, whatever went wrong in it."""

import json
from collections import Counter, defaultdict
from typing import Any

from tests.faults.deployment import ENDED, Deployment, Site
from tests.worlds.kept import counted, recounted

COUNTERS = ("pending", "sending", "sent", "failed", "uncertain", "suppressed", "cancelled")


async def check(deployment: Deployment) -> None:
    """Of a deployment at rest."""
    assert deployment.database.trespasses == []
    assert counted(deployment.database.query) == recounted(deployment.database.query)
    for site in deployment.sites:
        assert site.moodle.errors == []
        whoever_was_sent_counts_in_the_quota(site)
        for job in filter(None, site.jobs):
            counters_equal_rows(site, job)
            nobody_is_lost(site, job)
            nobody_is_mailed_twice(site, job)
            moodle_knows(site, job)
            every_action_is_audited(site, job)


def counters_equal_rows(site: Site, job: str) -> None:
    """Everybody is in exactly one state, and jobs and batches count them right."""
    rows = site.states(job)
    shown = site.row(job)
    assert {state: shown[state] for state in COUNTERS if shown[state]} == rows
    assert shown["total"] == rows.total()
    batches = site.deployment.database.query("SELECT * FROM batches WHERE job_id = ?", job)
    size = shown["batch_size"]
    people = site.people(job)
    for batch in batches:
        of_batch = Counter(row["state"] for row in people if row["position"] // size == batch["number"])
        assert {state: batch[state] for state in COUNTERS if batch[state]} == of_batch, f"batch {batch['number']}"
        assert batch["total"] == of_batch.total()


def whoever_was_sent_counts_in_the_quota(site: Site) -> None:
    """Once, however they came to be sent: also by a late word, the provider's, or a person's."""
    query = site.deployment.database.query
    [used] = query("SELECT ifnull(sum(sent), 0) AS sent FROM usage WHERE site_id = ?", site.id)
    [sent] = query("SELECT ifnull(sum(sent), 0) AS sent FROM jobs WHERE site_id = ?", site.id)
    assert used == sent


def nobody_is_lost(site: Site, job: str) -> None:
    """Everybody has ended, with a reason where they were not mailed; and what is said of them is true."""
    shown = site.row(job)
    assert shown["state"] in ("completed", "cancelled"), shown["state"]
    assert shown["ended_at"] is not None
    for row in site.people(job):
        who = f"{row['ref']} is {row['state']} ({row['reason']}, {row['detail']})"
        assert row["state"] in ENDED, who
        assert row["state"] == "sent" or row["reason"], who
        if not row["email"]:
            continue  # erased: nobody can be asked about any more
        mailed = site.mails.count(row["email"])
        if row["state"] == "sent":
            assert mailed or row["email"] in site.resolved, f"{who} but was never mailed"
        elif row["state"] != "uncertain":
            assert mailed <= site.resent[row["email"]], f"{who} but was mailed"


def nobody_is_mailed_twice(site: Site, job: str) -> None:
    """Unless a person asked for it. What a provider took as a repetition of the same key is not a second mail."""
    resends = site.deployment.database.query("SELECT on_uncertain FROM jobs WHERE id = ?", job)[0]["on_uncertain"]
    if resends == "resend":
        return
    for row in site.people(job):
        mailed = site.mails.count(row["email"])
        assert mailed <= 1 + site.resent[row["email"]], f"{row['ref']} ({row['state']}) was mailed {mailed} times"


def moodle_knows(site: Site, job: str) -> None:
    """The latest that Moodle was told of everybody is so, and the end of the job with its numbers."""
    told: dict[str, Any] = {}
    events = site.moodle.of_job(job)
    sequences = [event["data"]["sequence"] for event in events]
    assert len(sequences) == len(set(sequences))
    for event in events:
        for each in event["data"].get("recipients", []):
            told[each["ref"]] = each
    for row in site.people(job):
        if not row["email"]:
            continue  # erased: what was told of them names nobody
        assert row["ref"] in told, f"nothing was told of {row['ref']} ({row['state']})"
        latest = told[row["ref"]]
        assert (latest["state"], latest["reason"]) == (row["state"], row["reason"]), (
            f"told of {row['ref']}: {latest['state']}; it is {row['state']} ({row['reason']})"
        )
    ends = [event for event in events if event["type"] == "job.completed"]
    assert ends, "the end was not told"
    shown = site.row(job)
    last = ends[-1]["data"]
    assert last["state"] == shown["state"]
    assert last["counts"]["total"] == shown["total"]
    if not any(event["data"].get("recipients") for event in events if event["data"]["sequence"] > last["sequence"]):
        assert {state: last["counts"][state] for state in COUNTERS} == {state: shown[state] for state in COUNTERS}


def every_action_is_audited(site: Site, job: str) -> None:
    """As often as a person was answered that it is done, and no oftener than they asked for it."""
    rows = site.deployment.database.query(
        "SELECT action, detail FROM audit WHERE target = ? AND actor <> 'system'", job
    )
    audited = Counter(row["action"].removeprefix("job.") for row in rows)
    changes: dict[str, int] = defaultdict(int)
    for (action, of_job), count in site.asked.items():
        if of_job == job:
            changes[action] = count
            assert audited[action] <= count, f"{action} is audited too often"
    shown = site.row(job)
    if shown["reason"] == "cancelled":
        assert audited["cancel"] or audited["handback"]
    if shown["reason"] == "handed_back":
        assert audited["handback"]
    for action in ("retry", "pause", "resume", "cancel", "handback", "resolve"):
        if audited[action]:
            assert changes[action], f"nobody asked for {action}"
    assert all(row["detail"] is None or json.loads(row["detail"]) is not None for row in rows)
