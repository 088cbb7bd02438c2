"""A local runtime and its sites, as a Moodle and an operator use them, for tests that go through everything.

Nothing here waits for a fixed time: `within` asks again until something is so, and fails after a bound.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from dev.server import LocalRuntime

OPERATOR_TOKEN = "operator-of-the-tests-only-0123456789"
SIGNING_SECRET = "signs links in the tests only, 0123456789"
SENDER = {"email": "office@school.example", "name": "School"}
PATIENCE = 300  # seconds; far more than anything takes, even on a busy machine

Json = dict[str, Any]
T = TypeVar("T")


def within(what: str, ask: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """The first answer that is true in a Boolean sense."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds} s; it is {answer!r}"
        time.sleep(0.1)
    return answer


def person(number: int, domain: str = "students.example") -> Json:
    return {"ref": f"u{number}", "email": f"u{number}@{domain}", "name": f"Person {number}"}


def people(count: int) -> list[Json]:
    return [person(number) for number in range(count)]


class Caller:
    """Whoever calls the API with a token."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {**self._headers, **more.pop("headers", {})}
        return self._http.request(method, path, json=body, headers=headers, **more)

    def get(self, path: str, **parameters: Any) -> Json:
        return self._good(self.ask("GET", path, params=parameters))

    def post(self, path: str, body: Any = None, **more: Any) -> Json:
        return self._good(self.ask("POST", path, body, **more))

    def _good(self, response: httpx.Response) -> Json:
        assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
        answer: Json = response.json()
        return answer


class Site(Caller):
    """A site, or one company of it, by its token."""

    def __init__(self, http: httpx.Client, token: str, id: str = "", secret: str = "") -> None:
        super().__init__(http, token)
        self.id = id
        self.secret = secret

    def draft(self, recipients: Sequence[Json], **fields: Any) -> str:
        message = {"subject": "For {{ name }}", "html": "<p>Dear {{ name }}</p>"}
        body = {"kind": "email", "message": message, "recipients": recipients, **fields}
        return str(self.post("/v1/jobs", body)["id"])

    def start(self, job: str) -> str:
        self.post(f"/v1/jobs/{job}/start")
        return job

    def job(self, job: str) -> Json:
        return self.get(f"/v1/jobs/{job}")

    def ended(self, job: str, state: str = "completed") -> Json:
        """The job, once it is in `state` and nobody of it is being sent to."""

        def over() -> Json | None:
            found = self.job(job)
            return found if found["state"] == state and not found["counts"]["sending"] else None

        return within(f"{job} {state}", over)

    def people(self, job: str, **filters: str) -> dict[str, Json]:
        """The job's people by ref."""
        return {each["ref"]: each for each in self._pages(f"/v1/jobs/{job}/recipients", "recipients", **filters)}

    def events(self) -> list[Json]:
        found: list[Json] = []
        after: dict[str, str] = {}
        while (page := self.get("/v1/events", **after))["events"]:
            found += page["events"]
            after = {"after": page["next"]}
        return found

    def _pages(self, path: str, key: str, **filters: str) -> Iterator[Json]:
        page = self.get(path, **filters)
        yield from page[key]
        while page["next"]:
            page = self.get(path, **filters, cursor=page["next"])
            yield from page[key]


class Live:
    """A running LocalRuntime."""

    def __init__(self, runtime: LocalRuntime) -> None:
        self.runtime = runtime
        self.http = httpx.Client(timeout=PATIENCE, trust_env=False)
        self.operator = Caller(self.http, OPERATOR_TOKEN)
        self.http.base_url = self.runtime.url

    def site(self, **settings: Any) -> Site:
        body = {"name": "School", "from": SENDER, **settings}
        made = self.operator.post("/v1/sites", body)
        return Site(self.http, made["token"], made["id"], made["callback_secret"])

    def company(self, site: Site, company: str) -> Site:
        made = self.operator.post(f"/v1/sites/{site.id}/tokens", {"name": company, "company": company})
        return Site(self.http, made["token"], site.id)

    def rows(self, sql: str) -> list[Json]:
        """What the database says, by its file: wrangler says the same and takes seconds."""
        with closing(self.runtime.database()) as database, database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql)]

    def stored(self, key: str) -> bytes:
        """A file in R2, in the same way."""
        files = self.runtime.state / "v3/r2"
        [index] = files.glob("*/[!m]*.sqlite")
        with closing(sqlite3.connect(index, timeout=PATIENCE)) as objects:
            [(blob,)] = objects.execute("SELECT blob_id FROM _mf_objects WHERE key = ?", (key,))
        [file] = files.glob(f"*/blobs/{blob}")
        return file.read_bytes()


@contextmanager
def live(state: Path, variables: Mapping[str, str], *, migrated: Path | None = None, **options: Any) -> Iterator[Live]:
    """A runtime on a free port, with what all tests need; from a copy of `migrated`, if there is one."""
    if migrated:
        shutil.copytree(migrated, state, dirs_exist_ok=True)
    common = {"LOCAL": "yes", "OPERATOR_TOKEN": OPERATOR_TOKEN, "SIGNING_SECRET": SIGNING_SECRET}
    with LocalRuntime(state, {**common, **variables}, **options) as runtime:
        running = Live(runtime)
        try:
            yield running
        finally:
            running.http.close()


def refs(people: Iterable[Mapping[str, Any]]) -> set[str]:
    return {person["ref"] for person in people}
