"""What the triggers of `kept` should have counted: the same, from the rows."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from core.limits import KINDS, ROW

Query = Callable[..., list[dict[str, Any]]]
Counts = dict[tuple[str, str], dict[str, int]]


def counted(query: Query) -> Counts:
    """By site and company, '' of the site as a whole; without those who keep nothing."""
    rows = {
        (row["site_id"], row["company"]): {kind: row[kind] for kind in KINDS} for row in query("SELECT * FROM kept")
    }
    return {owner: counts for owner, counts in rows.items() if any(counts.values())}


def recounted(query: Query) -> Counts:
    found: Counts = defaultdict(lambda: dict.fromkeys(KINDS, 0))

    def add(owner: dict[str, Any], kind: str, *texts: str, size: int = 0) -> None:
        for company in {"", owner["company"] or ""}:
            counts = found[owner["site_id"], company]
            if kind:
                counts[kind] += 1
            if texts or size:
                counts["bytes"] += ROW + size + sum(len(text.encode()) for text in texts)

    jobs = {job["id"]: job for job in query("SELECT * FROM jobs")}
    for job in jobs.values():
        if job["state"] == "draft":
            add(job, "drafts")
    for row in query("SELECT * FROM job_contents"):
        add(jobs[row["job_id"]], "", row["content"])
    for row in query("SELECT * FROM recipients WHERE email <> ''"):
        add(jobs[row["job_id"]], "people", row["ref"], row["email"], row["name"], row["variables"])
    for row in query("SELECT * FROM assets"):
        add(row, "assets", size=row["bytes"])
    for row in query("SELECT * FROM suppressions"):
        add(row, "", row["email"], row["detail"] or "")
    return dict(found)
