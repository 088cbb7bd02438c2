"""The tables of the documentation are those of the code: whatever is undocumented or stale in them fails here.

What the pages show being done (requests, queries, commands) is tried in `test_examples.py`; links, paths and what
they say of the project are looked at in `test_project.py`.
"""

import ast
import inspect
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

import callback
import certs
import queue_consumer
import sweep
from api import bodies, query, schemas, validation
from api.routes import OPERATIONS
from callbacks.posting import TIMEOUT
from cli.config import VARIABLES
from cli.errors import EXIT_CODES
from core import bounded_json, errors, problems, states
from delivery_events import SOURCES
from jobs import actions as jobs
from jobs import breakers
from mail import headers, template
from providers import PROVIDERS, SETTINGS
from providers.base import SEND_TIMEOUT
from sending import dispatch, group, lease
from tenancy import tokens
from tests.docs.reading import ROOT, blocks, code, name, names, read, section, sources, table

SETTINGS_PAGE, STATES, ERRORS = read("docs/settings.md"), read("docs/states.md"), read("docs/errors.md")
API, OPERATING = read("docs/api.md"), read("docs/operations.md")
PROVIDERS_PAGE = read("docs/providers.md")

WRANGLER: dict[str, Any] = tomllib.loads(read("wrangler.toml"))
SCHEMA = "".join(path.read_text() for path in sorted((ROOT / "migrations").glob("*.sql")))


def check_list(table: str, column: str) -> set[str]:
    """The values that the schema allows."""
    *_, body = re.findall(rf"CREATE TABLE {table} \((.*?)\n\) STRICT", SCHEMA, re.DOTALL)
    values = re.search(rf"CHECK \({column} IN \(([^)]*)\)\)", body)
    assert values
    return set(re.findall(r"'([^']*)'", values[1]))


# settings


def test_every_setting_is_documented_with_its_default_and_kind() -> None:
    written = {None: "none", "": "empty"}
    assert [row[:3] for row in table(SETTINGS_PAGE, "name", "default", "kind", "what it is")] == [
        [f"`{s.name}`", written.get(s.default, f"`{s.default}`"), "secret" if s.secret else "variable"]
        for s in SETTINGS
    ]


def test_every_setting_of_a_site_is_documented() -> None:
    assert names(table(SETTINGS_PAGE, "field", "default", "what it is")) == list(schemas.SITE_FIELDS)


def test_every_setting_of_a_consumer_is_documented_with_its_value() -> None:
    rows = table(SETTINGS_PAGE, "queue", "setting", "value", "why")
    assert [tuple(name(cell) for cell in row[:3]) for row in rows] == [
        (consumer["queue"], setting, str(value))
        for consumer in WRANGLER["queues"]["consumers"]
        for setting, value in consumer.items()
        if setting != "queue"
    ]


def test_every_rate_limit_is_documented() -> None:
    rows = table(SETTINGS_PAGE, "binding", "limit", "period", "what it counts")
    assert [tuple(name(cell) for cell in row[:3]) for row in rows] == [
        (limit["name"], str(limit["simple"]["limit"]), str(limit["simple"]["period"]))
        for limit in WRANGLER["ratelimits"]
    ]
    assert len({limit["namespace_id"] for limit in WRANGLER["ratelimits"]}) == len(rows)


def test_what_else_wrangler_toml_sets_is_documented() -> None:
    rows = table(SETTINGS_PAGE, "key", "value", "why")
    values = {
        "compatibility_date": WRANGLER["compatibility_date"],
        "compatibility_flags": WRANGLER["compatibility_flags"][0],
        "workers_dev": json.dumps(WRANGLER["workers_dev"]),
        "crons": WRANGLER["triggers"]["crons"][0],
        "cpu_ms": str(WRANGLER["limits"]["cpu_ms"]),
        "observability": json.dumps(WRANGLER["observability"]["enabled"]),
        "rules": ", ".join(pattern.removeprefix("**/*") for rule in WRANGLER["rules"] for pattern in rule["globs"]),
    }
    assert {name(key): name(value) for key, value, _ in rows} == values
    elsewhere = {"name", "main", "vars", "triggers", "limits", "d1_databases", "r2_buckets", "queues", "ratelimits"}
    assert WRANGLER.keys() - elsewhere == {
        "compatibility_date",
        "compatibility_flags",
        "workers_dev",
        "observability",
        "rules",
    }


def test_the_fixed_numbers_are_those_of_the_code() -> None:
    assert [number for _, number in table(SETTINGS_PAGE, "what", "number")] == [
        f"{queue_consumer.GROUP}",
        f"{group.IN_FLIGHT}",
        f"{lease.LEASE // 1000} s",
        f"{queue_consumer.WORK // 1000} s",
        f"{dispatch.WINDOW}",
        f"{queue_consumer.MAX_REDELIVERIES}",
        f"{queue_consumer.MAX_THROTTLES}",
        f"{SEND_TIMEOUT:.0f} s",
        f"{queue_consumer.PROGRESS_INTERVAL // 1000} s",
        f"{TIMEOUT} s",
        f"{len(callback.SCHEDULE) + 1}",
        f"{tokens.DAY // 3_600_000} h",
        f"{sweep.LOST_AFTER // 60_000} min",
    ]


def test_every_setting_of_the_command_is_documented() -> None:
    rows = table(SETTINGS_PAGE, "setting", "variable", "flag")
    assert {name(setting): name(variable) for setting, variable, _ in rows} == VARIABLES


def test_every_exit_code_of_the_command_is_documented() -> None:
    rows = table(read("docs/command.md"), "exit code", "means")
    assert [(int(exit_code), means) for exit_code, means in rows] == list(EXIT_CODES)


# states


@pytest.mark.parametrize(
    ("heading", "header", "enum"),
    [
        ("Job", ("state", "means"), states.JobState),
        ("Recipient", ("state", "ended", "means"), states.RecipientState),
        ("Recipient", ("delivery", "means"), states.DeliveryState),
        ("Recipient", ("attachment", "means"), states.AttachmentState),
        ("Batch", ("state", "means"), states.BatchState),
        ("Callback", ("state", "means"), states.CallbackState),
    ],
)
def test_every_state_is_documented(heading: str, header: tuple[str, ...], enum: type[StrEnum]) -> None:
    assert names(table(section(STATES, heading), *header)) == list(enum)


def test_the_states_that_people_end_in_are_documented() -> None:
    rows = table(section(STATES, "Recipient"), "state", "ended", "means")
    assert {name(state) for state, ended, _ in rows if ended == "yes"} == states.ENDED


@pytest.mark.parametrize(("heading", "moves"), [("Job", states.JOB_MOVES), ("Recipient", states.RECIPIENT_MOVES)])
def test_every_move_is_documented_and_drawn(heading: str, moves: Mapping[StrEnum, frozenset[StrEnum]]) -> None:
    expected = sorted((start.value, end.value) for start, ends in moves.items() for end in ends)
    rows = table(section(STATES, heading), "from", "to", "by")
    assert sorted((name(start), name(end)) for start, end, _ in rows) == expected
    [diagram] = blocks(section(STATES, heading), "mermaid")
    assert sorted(re.findall(r"^ *(\w+) --> (\w+)", diagram.text, re.MULTILINE)) == expected


def test_every_reason_of_a_person_is_documented_with_its_state() -> None:
    rows = table(section(STATES, "Recipient"), "reason", "state", "means")
    found = {name(reason): state for reason, state, _ in rows}
    faults = {fault.code for fault in errors.RecipientFault.__subclasses__()}
    ours = (
        *("dropped", "soft_bounce", "dead_letter", "interrupted", "internal_error", "cancelled", "handed_back"),
        *("retention", "erased"),
        *("files_unavailable", "database_unavailable"),
    )
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert all(re.search(rf"['\"]{reason}['\"]", source) for reason in ours)
    assert found.keys() == faults | check_list("suppressions", "reason") | set(ours)
    assert {reason for reason, state in found.items() if "`suppressed`" in state} == check_list(
        "suppressions", "reason"
    )


def test_every_reason_of_a_job_is_documented() -> None:
    trips = set(re.findall(r'Trip\("(\w+)"', inspect.getsource(breakers)))
    default = {inspect.signature(action).parameters["reason"].default for action in (jobs.pause, jobs.cancel)}
    documented = set(names(table(section(STATES, "Job"), "reason", "means", "what to do")))
    assert documented == trips | default | {"handed_back", "retention"}


# errors


def classes() -> dict[str, str]:
    """Every error of src/, with what it is derived from."""
    bases = {
        node.name: base.id
        for _, tree in sources("src")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    found = {"OffloadError": "Exception"}
    while new := {child: base for child, base in bases.items() if base in found and child not in found}:
        found |= new
    return found


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    drawn, path = {}, ["Exception"]
    for line in blocks(ERRORS, "")[0].text.splitlines():
        indent, error = re.match(r"([│├└─ ]*)(\w+)", line).groups()  # type: ignore[union-attr]
        path = [*path[: len(indent) // 4 + 1], error]
        drawn[error] = path[-2]
    assert drawn == classes()


def test_what_every_error_does_is_documented_with_its_problem() -> None:
    rows = table(ERRORS, "type", "while sending", "as an answer of the API")
    for error, _, answer in rows:
        kind = getattr(errors, name(error))
        slug = next(problem.slug for known, problem in problems.PROBLEMS if issubclass(kind, known))
        assert code(answer)[0] == slug, error
    parents = {*classes().values(), "Problem"}
    # an error that has kinds is told by them, unless it occurs itself
    assert classes().keys() - parents <= set(names(rows))


# providers


def test_every_provider_is_documented_with_what_it_needs_and_its_rate() -> None:
    hours = {kind: kind.key_window // 3600 for kind in PROVIDERS.values()}
    windows = {kind: f"{n // 24} days" if n > 48 else f"{n} hours" if n else "none" for kind, n in hours.items()}
    heads = ("provider", "needs", "mails a second", "idempotency", "Message-ID", "bytes with attachments")
    rows = table(PROVIDERS_PAGE, *heads)
    assert [(name(p), tuple(code(needs)), rate, window, most) for p, needs, rate, window, _, most in rows] == [
        (
            *(
                known,
                tuple(s.name for s in provider.required),
                f"{provider.default_rate:,.0f}",
                windows[provider],
            ),
            f"{provider.attachment_limit:,}" if provider.attachment_limit else "none",
        )
        for known, provider in PROVIDERS.items()
    ]
    assert list(PROVIDERS) == schemas.SITE_FIELDS["provider"]["enum"]


def test_the_largest_certificate_that_is_attached_is_documented() -> None:
    assert f"of more than {certs.LARGEST_ATTACHED:,} bytes is not attached" in read("docs/certificates.md")


def reason_codes() -> dict[tuple[str, str], set[str]]:
    """(code, type) of every refusal that src/providers and src/sending/group.py name, with the modules that do."""
    kinds = {error for error in classes() if issubclass(getattr(errors, error, object), errors.SendFailure)}
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for module, tree in [*sources("src/providers"), ("base", ast.parse(read("src/sending/group.py")))]:
        for node in ast.walk(tree):
            pair: list[ast.expr] = []
            if isinstance(node, ast.Tuple):
                pair = node.elts
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                pair = [node.func, *node.args]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "failure":
                pair = node.args
            match pair:
                case [ast.Name(id=kind), ast.Constant(value=str(word)), *_] if kind in kinds:
                    found[word, kind].add(module)
    return found


def test_every_source_of_delivery_events_is_documented_with_its_setting() -> None:
    rows = table(PROVIDERS_PAGE, "provider", "set up", "setting")
    shown = {name(provider): code(setting) for provider, how, setting in rows if "URL/v1/events/" in how}
    assert {provider: setting[0] for provider, setting in shown.items()} == {
        provider: source.setting.name for provider, source in SOURCES.items()
    }


def test_every_reason_code_of_the_providers_is_documented() -> None:
    rows = table(PROVIDERS_PAGE, "code", "type", "from", "means")
    documented = {(name(word), name(kind)): {"any"} if by == "any" else set(code(by)) for word, kind, by, _ in rows}
    assert len(documented) == len(rows)
    assert documented == {key: {"any"} if "base" in by else by for key, by in reason_codes().items()}


# the API and the callbacks


def test_every_route_is_documented_with_its_token() -> None:
    rows = table(API, "method", "address", "token", "does")
    documented = [(method, name(address), access) for method, address, access, _ in rows]
    assert sorted(documented) == sorted((route.method, route.path, route.access) for route in OPERATIONS)


def test_every_type_of_problem_is_documented_with_its_status() -> None:
    known = {(str(t.status), t.slug) for t in vars(problems).values() if isinstance(t, problems.ProblemType)}
    rows = table(API, "status", "type", "what to do")
    assert {(status, name(slug)) for status, slug, _ in rows} == known
    assert len(rows) == len(known)


def test_the_headers_that_a_job_may_set_are_those_of_the_code() -> None:
    named, own = re.findall(r"^- (.+?)(?=\n- |\n\n)", section(API, "Headers of a message"), re.MULTILINE | re.DOTALL)
    assert code(named) == list(headers.NAMED)
    assert code(own) == ["X-", "X-Course", *headers.STEERING]


def test_the_limits_are_those_of_the_code() -> None:
    setting = next(s.default for s in SETTINGS if s.name == "MAX_PEOPLE")
    assert [int(most.replace(",", "")) for _, most in table(API, "what", "most")] == [
        int(setting or 0),
        schemas.MAX_PEOPLE_A_CALL,
        bodies.MAX_JSON_BYTES,
        bodies.MAX_NDJSON_BYTES,
        bounded_json.MAX_WIDE_BYTES,
        bodies.MAX_LINE_BYTES,
        bodies.MAX_LINES,
        bounded_json.MAX_VALUES,
        validation.MAX_FOREIGN_DOMAINS,
        bodies.MAX_EVENTS_BYTES,
        bounded_json.MAX_DEPTH,
        template.MAX_SUBJECT,
        schemas.MAX_TEMPLATE_BYTES,
        schemas.MESSAGE["properties"]["headers"]["maxProperties"],
        schemas.MAX_VARIABLES_BYTES,
        schemas.MAX_REFS,
        query.MAX_RECIPIENTS,
        query.MAX_LIMIT,
        query.DEFAULT_LIMIT,
    ]
    assert template.MAX_SOURCE == schemas.MAX_TEMPLATE_BYTES
    assert schemas.MESSAGE["properties"]["headers"]["maxProperties"] == headers._MAX_HEADERS


# operating


def test_every_event_of_the_log_is_documented_with_its_level() -> None:
    found = set()
    for module, tree in sources("src"):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="log"), args=[ast.Constant(value=str(level)), ast.Constant(value=word)]):
                    found.add((level, word))
                case ast.Return(value=ast.Dict(keys=keys)) if module == "sweep":
                    found |= {("info", key.value) for key in keys if isinstance(key, ast.Constant)}
                case ast.Call(func=ast.Name(id="log"), args=[_, ast.Name(id=word)]):
                    assert word == "what", "an event of the log that cannot be told from here"
    rows = table(OPERATING, "level", "event", "means")
    assert {(level, name(word)) for level, word, _ in rows} == found
    assert len(rows) == len(found)


def test_every_reason_of_a_dead_letter_is_documented() -> None:
    source = read("src/queue_consumer.py") + read("src/sending/letter.py")
    found = re.findall(r'_give_up\("(\w+)"\)|"reason": "(\w+)"|get\("reason"\) or "(\w+)"', source)
    rows = table(OPERATING, "reason", "means", "what to do")
    assert set(names(rows)) == {word for words in found for word in words if word}
