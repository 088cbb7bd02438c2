"""Five thousand certificates in one job, on the local runtime, and all of them as one ZIP; memory is to stay flat."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from dev.server import LocalRuntime
from tests.bench.figures import Figure
from tests.bench.mail import OPERATOR, Memory, mail_api, reached, site

PEOPLE = 5_000
WARM = PEOPLE // 5  # with every face parsed and every pool at its size, memory counts from here
NAMES = ("Željko Đurović", "Nguyễn Thị Hạnh", "محمد الخطيب", "Екатерина Щербакова", "श्रीकृष्ण त्रिपाठी", "김민수")
ENDING = b"PK\x05\x06"  # of a ZIP


def figures() -> Iterator[Figure]:
    os.environ["NODE_OPTIONS"] = "--max-old-space-size=200"  # else its collector waits long, and memory seems to grow
    with tempfile.TemporaryDirectory() as folder, mail_api() as api:
        variables = {
            "LOCAL": "yes",
            "OPERATOR_TOKEN": OPERATOR,
            "SIGNING_SECRET": "of-the-benchmark-only-0123456789",
            "SENDGRID_API_KEY": "SG.benchmark",
            "SENDGRID_ENDPOINT": api.url,
        }
        with LocalRuntime(Path(folder), variables) as runtime:
            client = site(runtime.url)
            job_id = submit(client)
            began = time.monotonic()
            client.post(f"/v1/jobs/{job_id}/start").raise_for_status()
            reached(client, job_id, WARM, PEOPLE)
            memory = Memory(runtime.pid)
            job = reached(client, job_id, PEOPLE, PEOPLE)
            yield Figure("certificate.job_5000_seconds", time.monotonic() - began, "s")
            yield Figure("certificate.memory_growth_mb", memory.growth_mb(), "MB from 1,000 to 5,000 certificates")
            yield Figure("certificate.lost", PEOPLE - job["counts"]["sent"], "people")

            memory, began = Memory(runtime.pid), time.monotonic()
            size, files = archive(client, job_id)
            yield Figure("certificate.zip_seconds", time.monotonic() - began, "s")
            yield Figure("certificate.zip_mb", size / 1e6, "MB of ZIP")
            yield Figure("certificate.zip_peak_mb", memory.growth_mb(), "MB while it streams")
            yield Figure("certificate.zip_missing", PEOPLE - files, "files")


def submit(client: httpx.Client, people: int = PEOPLE) -> str:
    """A draft, its people in every sort of script."""
    message = {"subject": "Your certificate", "html": "<p>{{ name }}: {{ certificate_url }}</p>"}
    award = {"design": "classic", "award": "biology", "title": "Biology", "issuer": "University of the Northern Sea"}
    body = {"kind": "certificate", "message": message, "certificate": award}
    job_id = str(client.post("/v1/jobs", json=body).raise_for_status().json()["id"])
    lines = b"".join(json.dumps(person(number)).encode() + b"\n" for number in range(people))
    headers = {"content-type": "application/x-ndjson"}
    client.post(f"/v1/jobs/{job_id}/recipients", content=lines, headers=headers).raise_for_status()
    return job_id


def person(number: int) -> dict[str, Any]:
    name = f"{NAMES[number % len(NAMES)]} {number}"
    return {"ref": str(number), "email": f"graduate{number}@school.example", "name": name, "variables": {}}


def archive(client: httpx.Client, job_id: str) -> tuple[int, int]:
    """How many bytes it has and how many files; nothing of it is kept."""
    size, end = 0, b""
    with client.stream("GET", f"/v1/jobs/{job_id}/certificates.zip", timeout=600) as response:
        for piece in response.raise_for_status().iter_bytes():
            size += len(piece)
            end = (end + piece)[-64_000:]
    place = end.rindex(ENDING)
    return size, int.from_bytes(end[place + 10 : place + 12], "little")
