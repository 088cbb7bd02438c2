"""What must hold after the demo.

The promise: nothing here rests on what the service says of itself alone. Who is to fail stands below, written by hand;
every check compares two sources: the CSV, the job's list, the mails on disk, what Moodle has been told.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dev.demo.mails import Mail
from dev.moodle import Moodle

Json = dict[str, Any]

# by ref: addresses that are none, and domains that cannot exist (.invalid, RFC 6761), which the sandbox refuses
FAILING = {
    **dict.fromkeys(("21213", "21369", "21687", "22820", "22905", "23267"), "invalid_address"),
    **dict.fromkeys(("20405", "20546", "20595", "22037", "22050", "22924", "22962"), "mailbox_unavailable"),
}
INCOMPLETE = 1  # how `offload send` ends where people were not mailed


class Check(NamedTuple):
    promise: str
    detail: str
    holds: bool


@dataclass(frozen=True)
class Result:
    """All that the demo has seen."""

    learners: Sequence[Mapping[str, str]]
    exit_code: int  # of `offload send`
    job: Json
    people: Sequence[Json]  # the job's own list
    mails: Sequence[Mail]  # that the sandbox kept
    pushed: Moodle  # the one that callbacks were posted to
    events: Sequence[Json]  # polled
    polled: Moodle  # another one, that was told `events`
    failures: Path


def checks(result: Result) -> Iterator[Check]:
    yield _everybody_ended(result)
    yield _one_mail_each(result)
    yield _own_letters(result)
    yield _counters(result)
    yield _callbacks(result)
    yield _moodle_knows(result)
    yield _polling_is_enough(result)
    yield _failures_file(result)


def _everybody_ended(result: Result) -> Check:
    expected = {
        learner["ref"]: ("failed", FAILING[learner["ref"]]) if learner["ref"] in FAILING else ("sent", None)
        for learner in result.learners
    }
    seen = {person["ref"]: (person["state"], person["reason"]) for person in result.people}
    odd = sorted(ref for ref in expected.keys() | seen.keys() if expected.get(ref) != seen.get(ref))
    detail = f"not so: {', '.join(odd[:5])}" if odd else f"{len(seen)} of {len(expected)}"
    return Check("Everybody ended as expected", detail, not odd and len(result.people) == len(expected))


def _one_mail_each(result: Result) -> Check:
    sent = sorted(person["message_id"] for person in result.people if person["state"] == "sent")
    kept = sorted(mail.key for mail in result.mails)
    holds = kept == sent and len(set(kept)) == len(kept)
    return Check("One mail each, nobody twice", f"{len(kept)} mails for {len(sent)} people", holds)


def _own_letters(result: Result) -> Check:
    learners = {learner["ref"]: learner for learner in result.learners}
    people = {person["message_id"]: person for person in result.people}
    right = 0
    for mail in result.mails:
        person = people[mail.key]
        learner = learners[person["ref"]]
        right += (
            (mail.name, mail.address) == (learner["name"], person["email"])
            and mail.subject == "{course}: {task} is due on {due}".format_map(learner)
            and f"{learner['greeting']}, {learner['name']}" in mail.text
        )
    languages = {learner["lang"] for learner in result.learners}
    detail = f"{right} of {len(result.mails)}, in {len(languages)} languages"
    return Check("Every name in its own letters", detail, 0 < right == len(result.mails))


def _counters(result: Result) -> Check:
    counts = {state: number for state, number in result.job["counts"].items() if number}
    total = counts.pop("total", 0)
    holds = total == len(result.people) and counts == Counter(person["state"] for person in result.people)
    detail = ", ".join(f"{number} {state}" for state, number in counts.items())
    ended = result.job["state"] == "completed" and result.exit_code == INCOMPLETE
    return Check("The job's counters add up", detail, holds and ended)


def _callbacks(result: Result) -> Check:
    requests = result.pushed.requests
    arrived = {event["id"] for event in result.events} <= result.pushed.events.keys()
    genuine = all(request.verified and request.status == 200 for request in requests)
    forged = any(result.pushed.verifies(request.headers, request.body + b" ") for request in requests)
    detail = f"{len(result.pushed.events)} delivered, {sum(request.verified for request in requests)} verified"
    return Check("Callbacks arrived, with signature", detail, arrived and genuine and not forged and bool(requests))


def _moodle_knows(result: Result) -> Check:
    told = {ref: (seen.state, seen.reason, seen.message_id) for (_, ref), seen in result.pushed.outcomes.items()}
    ours = {person["ref"]: (person["state"], person["reason"], person["message_id"]) for person in result.people}
    job = result.pushed.jobs.get(result.job["id"], {})
    agreed = sum(told.get(ref) == outcome for ref, outcome in ours.items())
    holds = told == ours and job.get("state") == "completed" and job.get("counts") == result.job["counts"]
    return Check("Moodle knows everybody's outcome", f"{agreed} of {len(ours)}", holds)


def _polling_is_enough(result: Result) -> Check:
    pushed, polled = result.pushed, result.polled
    holds = polled.outcomes == pushed.outcomes and polled.jobs == pushed.jobs and bool(polled.outcomes)
    return Check("Polling leads to the same state", f"{len(result.events)} events", holds)


def _failures_file(result: Result) -> Check:
    with result.failures.open(encoding="utf-8-sig", newline="") as file:
        listed = {row["ref"]: row["reason"] for row in csv.DictReader(file)}
    return Check("The failures are in a file", f"{len(listed)} people", listed == FAILING)
