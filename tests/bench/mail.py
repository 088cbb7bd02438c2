"""The main job at its full size, on the local runtime: 50,000 people, a provider that answers in 50 ms."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from dev.server import NODE, LocalRuntime
from tests.bench.figures import Figure

PEOPLE = 50_000
A_CALL = 5_000
OPERATOR = "operator-of-the-benchmark-only"
TEMPLATE = Path(__file__).with_name("reminder.html").read_text()
LIMIT = 1800  # seconds


def figures() -> Iterator[Figure]:
    yield Figure("mail.cpu_ms", pyodide("in_pyodide.py"), "ms/mail")
    os.environ["NODE_OPTIONS"] = "--max-old-space-size=200"  # else its collector waits long, and memory seems to grow
    with tempfile.TemporaryDirectory() as folder, mail_api() as api:
        variables = {
            "LOCAL": "yes",
            "OPERATOR_TOKEN": OPERATOR,
            "SENDGRID_API_KEY": "SG.benchmark",
            "SENDGRID_ENDPOINT": api.url,
        }
        with LocalRuntime(Path(folder), variables) as runtime:
            client = site(runtime.url)
            memory = Memory(runtime.pid)
            began = time.monotonic()
            job_id = submit(client)
            yield Figure("submit.seconds_50k", time.monotonic() - began, "s")
            yield Figure("submit.peak_mb", memory.growth_mb(), "MB")

            cpu, began = cpu_seconds(runtime.pid), time.monotonic()
            client.post(f"/v1/jobs/{job_id}/start").raise_for_status()
            reached(client, job_id, PEOPLE // 5)
            memory = Memory(runtime.pid)
            job = reached(client, job_id, PEOPLE)
            seconds = time.monotonic() - began
            yield Figure("mail.rate", PEOPLE / seconds, "mails/s")
            yield Figure("mail.seconds_50k", seconds, "s")
            yield Figure("mail.memory_growth_mb", memory.growth_mb(), "MB from 10,000 to 50,000 mails")
            yield Figure("mail.runtime_cpu_ms", (cpu_seconds(runtime.pid) - cpu) * 1000 / PEOPLE, "ms/mail with I/O")
            yield Figure("mail.lost", PEOPLE - job["counts"]["sent"], "people")
            runtime.stop()
            usage = d1_usage(runtime)
        yield Figure("mail.sent_twice", api.accepted() - PEOPLE, "people")
        yield Figure("mail.rows_written", usage["rows_written"] / PEOPLE, "rows/recipient")
        yield Figure("mail.rows_read", usage["rows_read"] / PEOPLE, "rows/recipient")
        yield Figure("mail.queries", usage["queries"] / PEOPLE, "queries/recipient")


def pyodide(script: str) -> float:
    """What a script prints that runs on the Worker's interpreter."""
    folder = Path(__file__).parent
    command = [str(NODE), str(folder / "pyodide.mjs"), str(folder / script)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def site(url: str, **settings: Any) -> httpx.Client:
    body = {"name": "Benchmark", "provider": "sendgrid", "send_rate": 10_000, "from": {"email": "a@example.org"}}
    body |= settings
    response = httpx.post(f"{url}/v1/sites", json=body, headers={"authorization": f"Bearer {OPERATOR}"})
    token = response.raise_for_status().json()["token"]
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)


def submit(client: httpx.Client) -> str:
    """Fifty thousand people in ten calls of gzipped NDJSON, as Moodle would send them."""
    message = {"subject": "{{ course }} ends on {{ date }}", "html": TEMPLATE}
    job_id = client.post("/v1/jobs", json={"kind": "email", "message": message}).raise_for_status().json()["id"]
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    for start in range(0, PEOPLE, A_CALL):
        lines = b"".join(json.dumps(person(number)).encode() + b"\n" for number in range(start, start + A_CALL))
        answer = client.post(f"/v1/jobs/{job_id}/recipients", content=gzip.compress(lines, 1), headers=headers)
        assert answer.raise_for_status().json()["added"] == A_CALL
    return str(job_id)


def person(number: int) -> dict[str, Any]:
    return {
        "ref": str(number),
        "email": f"learner{number}@school{number % 50}.example",
        "name": f"Learner Nº {number}",
        "variables": {"course": "Biology", "date": "1 December", "grade": f"{number % 100} %"},
    }


def reached(client: httpx.Client, job_id: str, ended: int, people: int = PEOPLE) -> dict[str, Any]:
    """The job, once that many of its people have ended; the job itself has when all have."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
        done = job["counts"]["total"] - job["counts"]["pending"] - job["counts"]["sending"]
        if done >= ended and (done < people or job["state"] == "completed"):
            return job
        print(f"\r{done:6} of {people} sent", end="", file=sys.stderr, flush=True)
        time.sleep(2)
    raise TimeoutError(f"not done after {LIMIT} s")


class Memory:
    """How far a process's resident memory has grown since, at its highest."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets VmHWM
        self._before = self._kib("VmRSS")

    def growth_mb(self) -> float:
        return (self._kib("VmHWM") - self._before) * 1024 / 1e6

    def _kib(self, field: str) -> int:
        lines = self._status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field))


def cpu_seconds(pid: int) -> float:
    """Of the process that runs the Worker's Python; workerd, which has the database, is another."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def d1_usage(runtime: LocalRuntime) -> dict[str, int]:
    line = next(line for line in reversed(runtime.tail().splitlines()) if '"D1 usage"' in line)
    usage: dict[str, int] = json.loads(line)["DB"]
    return usage


class MailApi:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.url = f"http://127.0.0.1:{process.stdout.readline().strip()}"

    def accepted(self) -> int:
        output, _ = self._process.communicate(timeout=30)
        return int(output)


@contextmanager
def mail_api() -> Iterator[MailApi]:
    command = [sys.executable, "-m", "tests.bench.mail_api"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        guard = threading.Timer(LIMIT, process.kill)
        guard.start()
        try:
            yield MailApi(process)
        finally:
            guard.cancel()
            process.terminate()
