"""Log lines: structured, with what is known, and nothing of a person."""

import ast
import json
from collections.abc import Iterator

import pytest

from core import log
from tests.docs.reading import sources
from tests.faults.deployment import Deployment, simulate
from tests.faults.injection import Storm

# The names that a reason may come from: each holds a code or a type's name.
CODES = {"code", "reason", "setting", "name", "place", "request_id", "purpose", "__name__"}
# What each event tells of where it happened, whenever it is told.
KNOWN = {
    "job paused": {"site", "job"},
    "lease lost": {"site", "job", "batch"},
    "batch given up": {"site", "job", "batch"},
    "batches not queued": {"job"},
    "sending raised": {"site", "job"},
    "rendering raised": {"site", "job"},
    "callback delivered": {"site", "job", "callback"},
    "callback not accepted": {"site", "job", "callback"},
    "callback given up": {"site", "job", "callback"},
    "callbacks switched off by the receiver": {"site"},
    "receiver does not answer": {"site"},
    "receiver answers again": {"site"},
    "callbacks given up": {"site"},
    "callbacks put off": {"site"},
    "callbacks not queued": {"site"},
    "check failed": {"site"},
    "check broke": {"site"},
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for module, tree in sources("src"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log":
                yield module, node


def is_code(expression: ast.expr) -> bool:
    """A constant, a code, a type's name, or words made of these: never an error's or a person's own words."""
    match expression:
        case ast.Constant():
            return True
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in CODES
        case ast.JoinedStr(values=parts):
            return all(is_code(part.value if isinstance(part, ast.FormattedValue) else part) for part in parts)
    return False


def test_every_reason_that_is_logged_is_a_code_or_a_type() -> None:
    found = list(calls())
    assert len(found) > 30
    for module, call in found:
        for keyword in call.keywords:
            if keyword.arg == "reason":
                assert is_code(keyword.value), f"{module}:{call.lineno} logs {ast.unparse(keyword.value)}"


def test_every_line_says_where_it_happened_as_far_as_that_is_known() -> None:
    told: dict[str, list[set[str]]] = {event: [] for event in KNOWN}
    for _, call in calls():
        event = call.args[1]
        if isinstance(event, ast.Constant) and event.value in told:
            names = {keyword.arg for keyword in call.keywords if keyword.arg}
            spread = any(keyword.arg is None for keyword in call.keywords)  # `**names` of callback.py
            told[event.value].append(names | ({"site", "job", "callback"} if spread else set()))
    for known, each in told.items():
        assert each, known
        assert all(KNOWN[known] <= names for names in each), known


def test_a_line_is_one_json_object_with_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    log.log("warning", "job paused", site="site_1", job="job_1", reason="outage")
    assert json.loads(capsys.readouterr().out) == {
        **{"level": "warning", "event": "job paused", "site": "site_1", "job": "job_1", "reason": "outage"}
    }


@pytest.mark.parametrize("seed", [3])
def test_in_a_storm_no_line_holds_anything_of_a_person(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        for site in deployment.sites:
            await site.job(150)
        await deployment.settle()

    lines = simulate(scenario, seed=seed, faults=Storm(seed)).log
    assert len(lines) > 20
    fields = {"level", "event", "site", "job", "batch", "callback", "reason", "count"}
    for line in lines:
        assert line.keys() <= fields
        text = json.dumps(line)
        assert not any(word in text for word in ("@", "example", "Person", "Dear", '"u1'))
    assert all(line["site"].startswith("site_") for line in lines if "site" in line)
    assert all(KNOWN.get(line["event"], set()) <= line.keys() for line in lines)
