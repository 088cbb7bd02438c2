"""GET /metrics is what Prometheus' own parser reads, for the operator alone, and names no person."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import METRICS
from tests.worlds.api import Deployment, Site

Read = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scrape(client: httpx.AsyncClient) -> Read:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def one(read: Read, name: str, **labels: str) -> float:
    return read[name, tuple(sorted(labels.items()))]


async def test_what_stands_is_told_with_the_labels_it_has(site: Site, operator: httpx.AsyncClient) -> None:
    job = await site.job(5)
    await site.client.post(f"/v1/jobs/{job}/start")
    read = await scrape(operator)
    assert one(read, "offload_jobs", site=site.id, state="queued") == 1
    assert one(read, "offload_jobs", site=site.id, state="paused") == 0
    assert one(read, "offload_recipients_pending", site=site.id) == 5
    assert one(read, "offload_batches", state="queued") == 1
    assert one(read, "offload_dead_letters_open", site=site.id) == 0
    assert one(read, "offload_cost_budget_dollars") == 15
    assert one(read, "offload_cost_month_dollars") >= 5
    assert 0 < one(read, "offload_database_bytes") < one(read, "offload_database_limit_bytes") == 10**10


async def test_counters_of_the_month_and_ratios_are_told_where_there_are_any(
    site: Site, deployment: Deployment, operator: httpx.AsyncClient
) -> None:
    read = await scrape(operator)
    assert not [name for name, _ in read if name.endswith(("_ratio", "_total", "_timestamp_seconds"))]
    deployment.database.query(
        """INSERT INTO usage (site_id, day, sent, bounced, complained, posts, posts_accepted)
           VALUES (?, date(? / 1000, 'unixepoch'), 1000, 30, 1, 10, 9)""",
        *(site.id, deployment.clock.now()),
    )
    deployment.database.query("INSERT INTO heartbeats VALUES ('sweep', ?)", deployment.clock.now() - 500)
    read = await scrape(operator)
    assert one(read, "offload_mails_accepted_total", site=site.id) == 1000
    assert one(read, "offload_mails_bounced_total", site=site.id) == 30
    assert one(read, "offload_bounce_ratio", site=site.id) == 0.03
    assert one(read, "offload_complaint_ratio", site=site.id) == 0.001
    assert one(read, "offload_callback_success_ratio", site=site.id) == 0.9
    assert one(read, "offload_callback_posts_total", site=site.id, result="not_accepted") == 1
    assert one(read, "offload_sweeper_last_run_timestamp_seconds") == (deployment.clock.now() - 500) / 1000


async def test_a_dead_letter_of_nobody_is_told_without_a_site(
    site: Site, deployment: Deployment, operator: httpx.AsyncClient
) -> None:
    deployment.database.query(
        """INSERT INTO dead_letters (id, queue, reason, body, created_at)
           VALUES ('m', 'offload-batches', 'malformed', '', 0)"""
    )
    read = await scrape(operator)
    assert one(read, "offload_dead_letters_open", site="") == 1
    assert one(read, "offload_dead_letters_open", site=site.id) == 0


@pytest.mark.usefixtures("site")
async def test_every_metric_has_a_name_by_the_convention_and_is_read_with_its_type(operator: httpx.AsyncClient) -> None:
    text = (await operator.get("/metrics")).text
    types = {family.name: family.type for family in text_string_to_metric_families(text)}
    for metric in METRICS:
        assert metric.name.startswith("offload_")
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert types[metric.name.removesuffix("_total")] == metric.type
        assert metric.help.endswith(".")
    assert len(types) == len(METRICS)


async def test_no_person_is_in_the_metrics(site: Site, operator: httpx.AsyncClient) -> None:
    job = await site.job(5, name="Warning to Zoe")
    await site.client.post(f"/v1/jobs/{job}/start")
    text = (await operator.get("/metrics")).text
    assert not any(word in text for word in ("example.com", "Person", "Zoe", "Campus", job))


@pytest.mark.parametrize("who", ["nobody", "a site"])
async def test_only_the_operator_reads_them(site: Site, deployment: Deployment, who: str) -> None:
    client = site.client if who == "a site" else await deployment.client(None)
    assert (await client.get("/metrics")).status_code == (403 if who == "a site" else 401)
