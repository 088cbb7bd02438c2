"""The alerts are rules that Prometheus can read, over metrics that there are, each with a runbook."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from api.metrics import METRICS
from core.states import JobState
from tests.docs.reading import code, names, read, section, table

OPERATING = read("docs/operations.md")
[GROUP] = yaml.safe_load(read("docs/alerts.yml"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
LABELS = {metric.name: set(metric.labels) for metric in METRICS}


def selectors(expression: Any) -> Iterator[Any]:
    """Every choice of a metric in an expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for name in ("lhs", "rhs", "expr", "args", "vector_selector"):
        part = getattr(expression, name, None)
        for each in part if isinstance(part, list) else [part]:
            if each is not None and not isinstance(each, str):
                yield from selectors(each)


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    rows = table(OPERATING, "metric", "type", "labels", "is")
    documented = [
        (name, type_, tuple(code(labels))) for name, (_, type_, labels, _) in zip(names(rows), rows, strict=True)
    ]
    assert documented == [(metric.name, metric.type, metric.labels) for metric in METRICS]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_metrics_that_there_are(rule: dict[str, Any]) -> None:
    asked = list(selectors(promql_parser.parse(rule["expr"])))
    assert asked
    for selector in asked:
        labels = {matcher.name for matcher in selector.matchers.matchers} - {"__name__"}
        assert selector.name == "up" or labels <= LABELS[selector.name]
        for matcher in selector.matchers.matchers:
            if matcher.name == "reason":
                assert f"`{matcher.value}`" in section(read("docs/states.md"), "Job")
            if matcher.name == "state" and selector.name == "offload_jobs":
                assert matcher.value in set(JobState)
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "0m"))


def test_every_alert_is_documented_with_its_severity_and_has_a_runbook() -> None:
    rows = table(OPERATING, "alert", "severity", "fires when")
    assert [(re.findall(r"\[(\w+)\]\(#(\w+)\)", alert)[0], severity) for alert, severity, _ in rows] == [
        ((rule["alert"], rule["alert"].lower()), rule["labels"]["severity"]) for rule in RULES
    ]
    runbooks = re.findall(r"^### (.+)$", section(OPERATING, "Runbooks"), re.MULTILINE)
    assert runbooks == [*(rule["alert"] for rule in RULES), "Fonts of certificates", "Clocks"]
