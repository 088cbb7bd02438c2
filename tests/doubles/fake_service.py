"""The HTTP API in memory, on loopback: enough of its contract for the command to be tried against.

It keeps what the command stands on: idempotent creation, people unique by ref, states that refuse what they do not
allow, problems, paging. Jobs move one step each time they are looked at. It can be told to fail.
"""

import gzip
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.doubles import fake_jobs, fake_privacy, fake_sites
from tests.doubles.fake_jobs import Answer, Job, Jobs, Json, Problem
from tests.doubles.fake_privacy import Privacy
from tests.doubles.fake_sites import Sites

TOKEN = "cot_" + "s" * 43
OPERATOR = "operator-token-of-the-tests"

# what each list takes; nothing else takes any
PARAMETERS = {
    "jobs": {"state", "company", "cursor", "limit"},
    "recipients": {"state", "reason", "cursor", "limit", "format"},
    "sites": {"cursor", "limit"},
    "export": {"cursor"},
    "erase": {"cursor"},
}


@dataclass
class Fault:
    """`before`: the request is not carried out. `status` None: the connection is cut instead of answered."""

    path: str
    status: int | None
    before: bool = True
    headers: dict[str, str] = field(default_factory=dict)


class FakeService:
    def __init__(self) -> None:
        self.jobs = Jobs()
        self.sites = Sites()
        self.privacy = Privacy()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, Any]] = []  # method, path with query, body
        self.on_request: Callable[[str], None] | None = None  # told `METHOD /path` before it is carried out
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(
        self, path: str, status: int | None, times: int = 1, before: bool = True, headers: dict[str, str] | None = None
    ) -> None:
        """The next requests whose `METHOD /path` holds `path` fail."""
        self.faults += [Fault(path, status, before, headers or {}) for _ in range(times)]

    def calls(self, pattern: str) -> list[Any]:
        """The bodies of requests whose `METHOD /path?query` matches."""
        return [body for method, path, body in self.requests if re.search(pattern, f"{method} {path}")]

    def job(self, people: int = 0, state: str = "running", **body: Any) -> Job:
        """A job that is there already."""
        made = self.jobs.new({"name": "Reminder", "message": {"html": ""}, **body})
        made.state, made.started = state, state != "draft"
        made.append([_person(number) for number in range(1, people + 1)])
        return made

    def answer(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        operator = path.startswith("/v1/sites")
        if headers.get("Authorization") != f"Bearer {OPERATOR if operator else TOKEN}":
            raise Problem(401, "No valid token was given", "This token is not known.")
        parts: tuple[tuple[Any, Any], ...] = (
            (fake_jobs.ROUTES, self.jobs),
            (fake_sites.ROUTES, self.sites),
            (fake_privacy.ROUTES, self.privacy),
        )
        for routes, part in parts:
            for pattern, handler in routes:
                if found := re.fullmatch(pattern, f"{method} {path}"):
                    if unknown := query.keys() - PARAMETERS.get(path.rpartition("/")[2], set()):
                        raise Problem(422, "The request has a fault", f"{unknown}: is not a parameter of this address")
                    answer: Answer = handler(part, *found.groups(), query=query, headers=headers, body=body)
                    return answer
        raise Problem(404, "There is nothing here")


def _person(number: int) -> Json:
    return {"ref": str(number), "email": f"p{number}@example.org", "name": f"Person {number}", "variables": {}}


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            with service.lock:
                if service.on_request is not None:
                    service.on_request(f"{self.command} {address.path}")
                self._record(body)
                fault = self._fault(f"{self.command} {address.path}")
                if fault is None or not fault.before:
                    answer = self._carry_out(address.path, query, body)
            if fault is None:
                self._answer(*answer)
            elif fault.status is None:
                self.close_connection = True
            else:
                title = {"title": "A part of the platform does not answer", "detail": "Nothing is lost."}
                self._answer(fault.status, title, {"Content-Type": "application/problem+json", **fault.headers})

        do_GET = do_POST = do_PATCH = do_DELETE = do

        def _carry_out(self, path: str, query: dict[str, str], body: bytes) -> Answer:
            try:
                return service.answer(self.command, path, query, self.headers, body)
            except Problem as problem:
                return problem.status, problem.body, {"Content-Type": "application/problem+json"}

        def _record(self, body: bytes) -> None:
            is_json = self.headers.get("Content-Type") == "application/json"
            service.requests.append((self.command, self.path, json.loads(body) if is_json else body))

        def _fault(self, call: str) -> Fault | None:
            for fault in service.faults:
                if fault.path in call:
                    service.faults.remove(fault)
                    return fault
            return None

        def _answer(self, status: int, content: Any, headers: Json) -> None:
            text = content if isinstance(content, str) else json.dumps(content) if content is not None else ""
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
