"""The service as a Moodle administrator has it: the `offload` command, and the HTTP API beside it."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from dev.demo.checks import Json
from dev.demo.report import command
from dev.server import ROOT

OFFLOAD = ROOT / ".venv/bin/offload"
LIMIT = 120  # seconds for a command; they take a few
PAGE = 200


class Offload:
    def __init__(self, url: str, operator_token: str, home: Path) -> None:
        self.environment = {
            "OFFLOAD_URL": url,
            "OFFLOAD_OPERATOR_TOKEN": operator_token,
            "XDG_CONFIG_HOME": str(home),  # what is configured on this machine stays out of it
        }
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def provision(self, name: str, sender: str, callback_url: str) -> str:
        """A site; returns the secret that its callbacks are signed with."""
        words = ["sites", "add", name, "--from", sender, "--callback-url", callback_url, "--json"]
        done = self._run(words, subprocess.PIPE)
        if done.returncode:
            raise SystemExit(f"the site could not be provisioned:\n{done.stderr}")
        site = json.loads(done.stdout)
        self.environment["OFFLOAD_TOKEN"] = site["token"]
        self._http.headers["authorization"] = f"Bearer {site['token']}"
        return str(site["callback_secret"])

    def run(self, *words: str) -> int:
        """A command as it is typed, with its output; returns its exit code."""
        command(["offload", *words])
        return self._run(words, None).returncode

    def get(self, path: str, **parameters: str | int) -> Json:
        answer: Json = self._http.get(path, params=parameters).raise_for_status().json()
        return answer

    def download(self, path: str) -> bytes:
        return self._http.get(path).raise_for_status().content

    def events(self) -> list[Json]:
        """Polled from the first on, as by a Moodle that cannot be reached from outside."""
        return list(self._pages("/v1/events", "events", "after"))

    def people(self, job_id: str) -> list[Json]:
        return list(self._pages(f"/v1/jobs/{job_id}/recipients", "recipients", "cursor"))

    def _pages(self, path: str, key: str, place: str) -> Iterator[Json]:
        here: dict[str, str] = {}
        while True:
            page = self.get(path, limit=PAGE, **here)
            yield from page[key]
            if not page[key] or page["next"] is None:
                return
            here = {place: page["next"]}

    def _run(self, words: Sequence[str], output: int | None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [OFFLOAD, *words],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=output,
            stderr=output,
            text=True,
            timeout=LIMIT,
            check=False,
        )
