"""What a mail, its delivery event, a certificate and a callback use of the platform, on the local runtime; and what a
month of the design's volume costs. Fails where `costs.USES` is below what is measured."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx

from dev.server import LocalRuntime
from monitoring import costs
from monitoring.costs import Use
from tests.bench import certificate_job, mail
from tests.bench.figures import Figure
from tests.delivery_events.support import SETTINGS, sendgrid

MAILS, EVENTS, CERTIFICATES = 2_000, 300, 240
COUNTED = ("requests", "rows_read", "rows_written", "queue_operations")  # the same on every machine


def figures() -> Iterator[Figure]:
    os.environ["NODE_OPTIONS"] = "--max-old-space-size=200"
    with tempfile.TemporaryDirectory() as folder, mail.mail_api() as api:
        variables = {
            "LOCAL": "yes",
            "OPERATOR_TOKEN": mail.OPERATOR,
            "SIGNING_SECRET": "of-the-benchmark-only-0123456789",
            "SENDGRID_API_KEY": "SG.benchmark",
            "SENDGRID_ENDPOINT": api.url,
            "SENDGRID_WEBHOOK_KEY": SETTINGS["SENDGRID_WEBHOOK_KEY"],
        }
        runtime = LocalRuntime(Path(folder), variables)
        runtime.migrate()
        uses, recipient_bytes = measured(runtime, f"{api.url}/callbacks")
    yield Figure("cost.mail_rows_written", uses.mail.rows_written, "rows/mail")
    yield Figure("cost.delivery_rows_written", uses.delivery.rows_written, "rows/delivery event")
    yield Figure("cost.certificate_rows_written", uses.certificate.rows_written, "rows/certificate")
    yield Figure("cost.callback_rows_written", uses.post.rows_written, "rows/callback")
    yield Figure("cost.mail_queue_operations", uses.mail.queue_operations, "operations/mail")
    yield Figure("cost.recipient_bytes", recipient_bytes, "bytes of the database")
    for line in costs.month(costs.LARGE, uses).lines:
        print(line, file=sys.stderr)
    yield Figure("cost.usd_month", costs.month(costs.LARGE, uses).total, "dollars with what was measured")
    yield Figure("cost.usd_month_told", costs.month(costs.LARGE).total, "dollars with what src/monitoring/costs.py has")
    for name, real, told in zip(costs.Uses._fields, uses, costs.USES, strict=True):
        print(name, real, file=sys.stderr)
        higher = [kind for kind in COUNTED if getattr(real, kind) > getattr(told, kind)]
        assert not higher, f"a {name} uses more than src/monitoring/costs.py says: {higher}"
    assert recipient_bytes <= costs.RECIPIENT_BYTES


def measured(runtime: LocalRuntime, receiver: str) -> tuple[costs.Uses, float]:
    """What each uses, by a runtime of its own for each kind of work, on the same state; and bytes a recipient."""
    work = Work(runtime)
    mails = work.run(lambda: work.mails(work.site(), MAILS))
    a_mail = each(mails, MAILS)
    deliveries = work.run(work.deliveries)
    certificates = work.run(lambda: work.certificates(work.site()))
    calling = work.run(lambda: work.mails(work.site(callback_url=receiver, callback_success="2xx"), MAILS))
    posts, kept = made(runtime)
    assert posts > MAILS / 200, "few callbacks were posted"
    uses = costs.Uses(
        a_mail,
        each(deliveries, EVENTS),
        # with what src/monitoring/costs.py has of R2, which is one file written and read
        replace(each(certificates, CERTIFICATES, a_mail), r2_writes=1, r2_reads=1.2),
        each(calling, posts, Use(**{name: used * MAILS / posts for name, used in vars(a_mail).items()})),
        costs.USES.minute,
    )
    return uses, kept / (2 * MAILS + CERTIFICATES)


def made(runtime: LocalRuntime) -> tuple[int, int]:
    """Callbacks that were posted, and bytes that the database takes by now."""
    sql = "SELECT sum(posts) AS posts FROM usage"
    [answer] = json.loads(runtime.wrangler("d1", "execute", "DB", "--json", "--command", sql))
    bytes_of = [file.stat().st_size for file in runtime.state.glob("v3/d1/**/*.sqlite*")]
    return answer["results"][0]["posts"], max(bytes_of)


def each(whole: Use, count: int, without: Use | None = None) -> Use:
    """One of `count`, without what comes with each of them anyway."""
    shares = {field.name: getattr(whole, field.name) / count for field in fields(Use)}
    return Use(**{name: max(0.0, share - getattr(without or Use(), name)) for name, share in shares.items()})


class Work:
    def __init__(self, runtime: LocalRuntime) -> None:
        self._runtime = runtime
        self._requests = 0
        self._job = ""

    def run(self, work: Callable[[], None]) -> Use:
        """What some work uses, in a process of its own."""
        self._runtime.start()
        self._requests, before = 0, mail.cpu_seconds(self._runtime.pid)
        work()
        cpu = mail.cpu_seconds(self._runtime.pid) - before
        self._runtime.stop()
        rows, queue = self._told("D1 usage")["DB"], self._told("Queue usage")
        return Use(
            requests=self._requests + queue["invocations"],
            cpu_ms=cpu * 1000,
            rows_read=rows["rows_read"],
            rows_written=rows["rows_written"],
            queue_operations=queue["operations"],
        )

    def _told(self, what: str) -> dict[str, Any]:
        line = next(line for line in reversed(self._runtime.tail().splitlines()) if f'"{what}"' in line)
        told: dict[str, Any] = json.loads(line)
        return told

    def site(self, **settings: Any) -> httpx.Client:
        client = mail.site(self._runtime.url, **settings)
        client.event_hooks["request"].append(self._count)
        return client

    def _count(self, request: httpx.Request) -> None:
        self._requests += request.method != "GET"  # looking whether it is done is the benchmark's own

    def mails(self, client: httpx.Client, count: int) -> None:
        message = {"subject": "{{ course }} ends on {{ date }}", "html": mail.TEMPLATE}
        people = [mail.person(number) for number in range(count)]
        body = {"kind": "email", "message": message, "recipients": people[:1000]}
        self._job = client.post("/v1/jobs", json=body).raise_for_status().json()["id"]
        client.post(f"/v1/jobs/{self._job}/recipients", json=people[1000:]).raise_for_status()
        client.post(f"/v1/jobs/{self._job}/start").raise_for_status()
        mail.reached(client, self._job, count, count)
        deadline = time.monotonic() + 60  # the last callbacks come after the end of the job
        while client.get("/v1/callbacks", params={"state": "pending"}).json()["callbacks"]:
            if client.get("/v1/me").json()["checks"]["callback"]["detail"].startswith("none"):
                return
            assert time.monotonic() < deadline
            time.sleep(0.5)

    def deliveries(self) -> None:
        """Each in a request of its own, as Amazon sends them."""
        with httpx.Client(base_url=self._runtime.url, timeout=60) as client:
            client.event_hooks["request"].append(self._count)
            for number in range(EVENTS):
                event: dict[str, Any] = {"event": "delivered", "email": "a@b.example", "sg_event_id": f"e{number}"}
                event |= {"timestamp": int(time.time()), "offload_reference": f"{self._job}-{number}"}
                headers, content = sendgrid([event], time.time_ns() // 1_000_000)
                answer = client.post("/v1/events/sendgrid", content=content, headers=dict(headers))
                assert answer.raise_for_status().json() == {"taken": 1}

    def certificates(self, client: httpx.Client) -> None:
        job_id = certificate_job.submit(client, CERTIFICATES)
        client.post(f"/v1/jobs/{job_id}/start").raise_for_status()
        mail.reached(client, job_id, CERTIFICATES, CERTIFICATES)
