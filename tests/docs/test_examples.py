"""What the documentation shows being done works as it shows: requests, queries, commands, signatures.

The tables of the pages are held to the code in `test_tables.py`.
"""

import gzip
import json
import re
import shlex
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import typer
from standardwebhooks import Webhook

import callback
from app import app
from callbacks import posting, signatures
from cli.main import app as offload
from dev.server import NODE
from runtime.ports import HttpRequest, HttpResponse
from store import callbacks
from tests.docs.reading import PAGES, ROOT, blocks, commands, names, read, section, table
from tests.doubles.bindings import ScriptedFetch
from tests.worlds.world import SITE, World, person

URL, OPERATOR_TOKEN = "https://offload.example", "operator-token-of-the-pages"
CALLBACKS, OPERATING = read("docs/callbacks.md"), read("docs/operations.md")

# values that are another's at every run
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_NUMBERS = frozenset({"at", "sequence", "measured_rate"})


def fits(shown: Any, real: Any, key: str = "") -> bool:
    """Whether what a page shows is what there is: `…` stands for anything, a time for any time, and of a long list a
    page may show a part."""
    match shown:
        case dict():
            same = isinstance(real, dict) and shown.keys() == real.keys()
            return same and all(fits(shown[name], real[name], name) for name in shown)
        case list():
            return all(any(fits(item, other) for other in real) for item in shown) and bool(shown) == bool(real)
        case str() if "…" in shown or _TIME.fullmatch(shown):
            return isinstance(real, str) and bool(_TIME.fullmatch(shown)) == bool(_TIME.fullmatch(real))
    return key in _NUMBERS or bool(shown == real)


@dataclass
class Reader:
    """Somebody who follows a page with curl, block after block."""

    world: World = field(default_factory=lambda: World({"OPERATOR_TOKEN": OPERATOR_TOKEN}))
    values: dict[str, str] = field(default_factory=lambda: {"URL": URL, "OPERATOR_TOKEN": OPERATOR_TOKEN})
    people: bytes = b""
    answer: Any = None
    requests: int = 0

    def __post_init__(self) -> None:
        self.world.services = replace(self.world.services, fetch=ScriptedFetch(_receiver))
        self.values |= {f"OFFLOAD_{name}": value for name, value in self.values.items()}

    async def follow(self, text: str) -> None:
        for language, block in blocks(text):
            if language == "ndjson":
                self.people = block.encode()
            elif language == "json":
                shown = json.loads(block)
                assert fits(shown, self.answer), f"the page shows\n{shown}\nbut the answer is\n{self.answer}"
            elif language == "bash":
                for command in re.split(r"^(?=[a-z]+ )", block, flags=re.MULTILINE):
                    await self.run(shlex.split(command.replace("\\\n", " "), comments=True))

    async def run(self, words: list[str]) -> None:
        if words[:1] == ["export"]:
            for name, value in (word.split("=", 1) for word in words[1:] if "=" in word):
                if kind := re.match("(site|job|tok|cot)_", value):  # of the answer before
                    self.values[name] = self.answer["token" if value.startswith("cot_") else "id"]
                    assert self.values[name].startswith(kind[0])
        elif "curl" in words:
            await self.curl([self._filled(word) for word in words])

    async def curl(self, words: list[str]) -> None:
        body = gzip.compress(self.people) if words[0] == "gzip" else None
        method, url, headers = "", "", {}
        options = iter(words[words.index("curl") + 1 :])
        for word in options:
            match word:
                case "-X":
                    method = next(options)
                case "-H":
                    header, _, value = next(options).partition(": ")
                    headers[header] = value
                case "-d":
                    body = next(options).encode()
                case "--data-binary" | "-o":
                    next(options)
                case _:
                    assert not url, f"curl would take {word} for an address"
                    url = word
        await self.send(method or ("GET" if body is None else "POST"), url, headers, body)

    async def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> None:
        if method == "GET":  # by the time somebody looks, what was started is done
            await self.world.work()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app(self.world.services))) as client:
            response = await client.request(method, url, headers=headers, content=body)
        self.requests += 1
        self.answer = response.json() if "json" in response.headers.get("content-type", "") else response.text
        # the one request that is shown to be refused
        assert response.is_success or (response.status_code == 409 and url.endswith("/resume")), self.answer

    def _filled(self, word: str) -> str:
        return re.sub(r"\$([A-Z_]+)", lambda found: self.values[found[1]], word)


def _receiver(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"accepted": request.headers["webhook-id"]}).encode())


async def test_the_api_answers_as_its_page_shows() -> None:
    reader = Reader()
    await reader.follow(section(read("docs/api.md"), "By example"))
    assert reader.requests > 15


@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md"])
async def test_the_requests_on_other_pages_are_taken(page: str) -> None:
    reader = Reader()
    await reader.follow(section(read("docs/api.md"), "Provision a site"))
    await reader.follow(read(page))
    assert reader.requests > 1


async def test_events_are_as_their_page_shows() -> None:
    reader = Reader()
    await reader.follow(section(read("docs/api.md"), "By example"))
    real = [callback.event_json(row) for row in reader.world.database.query("SELECT * FROM callbacks")]
    shown = [event for block in blocks(CALLBACKS, "json") if "type" in (event := json.loads(block.text))]
    assert [event["type"] for event in shown] == ["batch.completed", "job.completed"]
    for event in shown:
        assert any(fits(event, other) for other in real), f"the page shows\n{event}\nbut there are\n{real}"


async def test_a_callback_has_the_headers_that_its_page_lists() -> None:
    world, fetch = World(), ScriptedFetch(_receiver)
    world.database.query("UPDATE sites SET callback_url = 'https://moodle.example/'")
    [site] = await world.database.all(callbacks.receiver(SITE))
    assert (await posting.ping(replace(world.services, fetch=fetch), site)).accepted
    assert set(names(table(CALLBACKS, "header", "holds"))) == fetch.requests[0].headers.keys()


def vector() -> dict[str, str]:
    text = section(CALLBACKS, "The signature")
    return dict(line.split(maxsplit=1) for line in blocks(text, "")[0].text.splitlines())


def test_the_signature_on_the_page_is_the_one_we_make_and_the_reference_package_makes() -> None:
    shown = vector()
    timestamp, body = int(shown["timestamp"]), shown["body"].encode()
    made = signatures.headers(shown["id"], timestamp, body, [shown["secret"]])
    assert made["webhook-signature"] == shown["signature"]
    moment = datetime.fromtimestamp(timestamp, UTC)
    assert Webhook(shown["secret"]).sign(shown["id"], moment, shown["body"]) == shown["signature"]


# queries


def statements(text: str) -> Iterator[str]:
    """The SQL of a section, a statement at a time."""
    for block in blocks(text, "sql"):
        rest = ""
        for line in block.text.splitlines(keepends=True):
            rest += line
            if sqlite3.complete_statement(rest):
                yield rest.strip()
                rest = ""
        assert not rest.strip(), f"a statement does not end: {rest}"


def run(world: World, sql: str, job: str) -> list[dict[str, Any]]:
    return world.database.query(sql.replace("'JOB'", f"'{job}'").replace("'SITE'", f"'{SITE}'"))


def operators_clock(world: World) -> None:
    """From here on, the world's clock shows what SQLite's does."""
    world.clock.milliseconds = int(time.time() * 1000) + 1000


async def test_every_query_runs_and_the_first_ones_find_what_they_are_for(world: World) -> None:
    job = await world.job(3)
    await world.bury({"job": job, "batch": 0, "reason": "poison"})
    [jobs_query, *_] = statements(section(OPERATING, "Jobs"))
    assert not run(world, jobs_query, job)
    other = await world.job(1)
    assert [row["id"] for row in run(world, jobs_query, job)] == [other]
    [reasons, *_] = statements(section(OPERATING, "People"))
    assert [(row["reason"], row["people"]) for row in run(world, reasons, job)] == [("dead_letter", 3)]
    [open_letters, *_] = statements(section(OPERATING, "Dead letters"))
    assert [row["job_id"] for row in run(world, open_letters, job)] == [job]
    for sql in statements(OPERATING):
        run(world, sql, job)


async def test_the_redrive_mails_everybody_of_a_dead_batch_once(world: World) -> None:
    world.services = replace(world.services, settings=replace(world.services.settings, values={"BATCH_SIZE": "4"}))
    job = await world.job(6)
    world.batches.sent.clear()
    await world.bury({"job": job, "batch": 0, "reason": "poison"})
    await world.deliver({"job": job, "batch": 1})
    assert world.states(job) == {"failed": 4, "sent": 2}
    operators_clock(world)
    for sql in list(statements(section(OPERATING, "Dead letters")))[1:]:
        run(world, sql, job)
    world.check()
    await world.sweep()
    await world.work()
    world.check()
    assert world.states(job) == {"sent": 6}
    assert set(world.provider.accepted.values()) == {1}
    assert world.database.query("SELECT state FROM dead_letters") == [{"state": "redriven"}]


async def test_a_job_paused_by_query_stands_still_and_goes_on_again(world: World) -> None:
    job = await world.job(2)
    pause, resume, release = statements(section(OPERATING, "Pause and go on"))
    run(world, pause, job)
    await world.work()
    assert world.states(job) == {"pending": 2}
    run(world, resume, job)
    run(world, release, job)
    operators_clock(world)
    await world.sweep()
    await world.work()
    assert world.states(job) == {"sent": 2}


async def test_dead_callbacks_sent_again_by_query_are_seen_to_within_two_minutes(world: World) -> None:
    await world.job(1)
    await world.work()
    world.database.query("UPDATE sites SET callback_url = 'https://moodle.example/'")
    world.database.query("UPDATE callbacks SET state = 'dead', attempts = 8, due_at = NULL")
    [again] = [sql for sql in statements(section(OPERATING, "Callbacks")) if sql.startswith("UPDATE")]
    run(world, again, "")
    operators_clock(world)
    world.callbacks.sent.clear()
    for _ in range(2):
        world.clock.advance(60)
        await world.sweep()
    assert ({"site": SITE}, 0) in world.callbacks.sent


async def test_a_person_suppressed_by_query_is_not_mailed(world: World) -> None:
    [suppress] = [sql for sql in statements(section(OPERATING, "People")) if sql.startswith("INSERT")]
    run(world, suppress, "")
    job = await world.job([person(1), person(2, email="NoMore@example.org")])
    await world.work()
    assert world.states(job) == {"sent": 1, "suppressed": 1}


# commands


def test_every_wrangler_command_exists_with_its_options() -> None:
    script = """
        import { experimental_getWranglerCommands } from 'wrangler';
        const tell = ({ definition: own, subtree }, path) => [
          ...(own?.type === 'command' ? [[path, Object.keys(own.args ?? {}), own.positionalArgs]] : []),
          ...[...subtree].flatMap(([name, node]) => tell(node, `${path} ${name}`.trim())),
        ];
        console.log(JSON.stringify(tell({ subtree: experimental_getWranglerCommands().registry.subtree }, '')));
    """
    told = subprocess.run(
        [NODE, "--input-type=module", "-e", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    known = {path: set(options) - set(positional or ()) for path, options, positional in json.loads(told.stdout)}
    found = [words for page in PAGES for words in commands(page.read_text(), "wrangler")]
    assert len(found) > 20
    for words in found:
        paths = [" ".join(words[:length]) for length in range(len(words), 0, -1)]
        path = next((path for path in paths if path in known), None)
        assert path or words[0] == "dev", f"wrangler {' '.join(words)}"
        options = {word.removeprefix("--").split("=")[0] for word in words if word.startswith("--")}
        assert not path or options <= known[path], f"wrangler {' '.join(words)}"


def test_every_offload_command_is_documented() -> None:
    def leaves(command: Any, path: str) -> list[str]:
        below = getattr(command, "commands", {})
        return [leaf for name in below for leaf in leaves(below[name], f"{path} {name}")] or [path]

    rows = table(read("docs/command.md"), "command", "does")
    assert sorted(names(rows)) == sorted(leaves(typer.main.get_command(offload), "offload"))


def test_every_offload_command_exists_with_its_options() -> None:
    found = [words for page in PAGES for words in commands(page.read_text(), "offload")]
    assert len(found) > 10
    for words in found:
        command: Any = typer.main.get_command(offload)
        rest = list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        assert rest != words, f"offload {' '.join(words)}"
        assert not hasattr(command, "commands") or rest in ([], ["…"]), f"offload {' '.join(words)}"
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in rest if word.startswith("--")} <= options, f"offload {' '.join(words)}"
