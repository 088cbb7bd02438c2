"""The audit of dependencies, against services on this machine: they know of something, of nothing, or do not answer."""

import gzip
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dev import audit
from tests.docs.reading import ROOT, read
from tests.doubles.ports import refused_port

PINS = "idna==3.20 \\\n    --hash=sha256:0\n    # via x\njinja2==3.1.6 ; python_version > '3' \\\n    --hash=sha256:1\n"
ADVISORY = {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z", "summary": "It is bad"}


class Service(ThreadingHTTPServer):
    """Both services in one. `bad`: the names of packages that something is known of."""

    def __init__(self, bad: set[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bad = bad
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"]))
        body = json.loads(gzip.decompress(sent) if self.headers["content-encoding"] == "gzip" else sent)
        if self.path == "/v1/querybatch":
            names = [query["package"]["name"] for query in body["queries"]]
            answer: Any = {"results": [{"vulns": [ADVISORY]} if name in self.server.bad else {} for name in names]}
        else:
            names = list(body)
            known = {"id": 1, "title": "It is bad", "severity": "high", "vulnerable_versions": "*", "url": "x"}
            answer = {name: [known] for name in self.server.bad & body.keys()}
        self.server.asked += names
        self._answer(answer)

    def do_GET(self) -> None:
        if self.path.startswith("/v1/vulns/"):
            self._answer(ADVISORY)
        else:
            self.send_error(404)

    def _answer(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def service(*bad: str) -> Iterator[Service]:
    with Service(set(bad)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def test_every_package_of_a_lock_is_asked_for() -> None:
    with service() as running:
        assert audit.python(PINS, running.url) == ""
        assert running.asked == ["idna", "jinja2"]


@pytest.mark.parametrize("lock", sorted(path.name for path in audit.LOCKS.glob("*.txt")))
def test_the_locks_that_there_are_can_be_asked_for(lock: str) -> None:
    pins = read(f"locks/{lock}")
    with service() as running:
        assert audit.python(pins, running.url) == ""
        assert sorted(running.asked) == sorted(line.split("==")[0] for line in pins.splitlines() if "==" in line[:60])


def test_a_vulnerability_is_told() -> None:
    with service("jinja2") as running:
        told = audit.python(PINS, running.url)
    assert "jinja2 3.1.6" in told
    assert "It is bad" in told


def test_the_lock_of_npm_is_asked_for_as_well() -> None:
    with service() as running:
        assert audit.npm(ROOT, running.url) == ""
        assert {"wrangler", "miniflare", "pyodide", "undici"} <= set(running.asked)
    with service("undici") as running:
        told = audit.npm(ROOT, running.url)
    assert "It is bad" in told
    assert "undici" in told


def test_a_service_that_cannot_be_reached_is_a_reason_to_skip() -> None:
    with refused_port() as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(audit.Skipped, match="error"):
            audit.python(PINS, url)
        with pytest.raises(audit.Skipped, match="npm") as skipped:
            audit.npm(ROOT, url)
        assert url not in str(skipped.value)


def test_one_that_does_not_end_in_time_is_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PATIENCE", 0.001)
    with pytest.raises(audit.Skipped, match="does not end"):
        audit.python(PINS)


@pytest.mark.parametrize(
    ("told", "strict", "code"),
    [("", False, 0), ("", True, 0), ("It is bad", False, 1), ("It is bad", True, 1), (None, False, 0), (None, True, 1)],
)
def test_what_is_found_fails_and_what_is_skipped_only_where_that_is_asked_for(
    told: str | None, strict: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(_: Any) -> str:
        if told is None:
            raise audit.Skipped("it does not answer")
        return told

    monkeypatch.setattr(audit, "python", found)
    monkeypatch.setattr(audit, "npm", lambda _: "")
    assert audit.main(strict=strict) == code
    lines = capsys.readouterr().out
    assert ("skipped, it does not answer" if told is None else told or "no known vulnerability") in lines
    assert "package-lock.json: no known vulnerability" in lines


@pytest.mark.parametrize(
    ("given", "run"), [((), "python -m dev.audit"), (("STRICT=1",), "python -m dev.audit --strict")]
)
def test_make_audit_is_strict_where_that_is_asked_for(given: tuple[str, ...], run: str) -> None:
    # also from within `make test`, which tells the makes below it of itself
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", "--no-print-directory", "audit", *given]
    done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1].strip() == run


def test_make_check_runs_it() -> None:
    assert "python -m dev.audit" in read("Makefile").partition("\ncheck:")[2].partition("\n\n")[0]
