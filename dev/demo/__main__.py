"""The demo's course: start, provision, send, look, judge; and end all that was started.

The promise: it goes through what is real: the Worker's code on its bindings, the `offload` command, a receiver that
verifies signatures. It exits with 0 only if every check held. `--stay` makes the service busy and keeps it up, to look
around in its console.
"""

import csv
import secrets
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from dev.demo import certificates, report
from dev.demo.checks import Json, Result, checks
from dev.demo.mails import read_all
from dev.demo.offload import Offload
from dev.demo.scene import Scene
from dev.moodle import Moodle
from dev.server import ROOT, LocalRuntime

HERE = Path(__file__).resolve().parent
LEARNERS, TEMPLATE = HERE / "learners.csv", HERE / "reminder.html"
FOLDER = ROOT / ".wrangler/demo"
STATE, FAILURES = FOLDER / "state", FOLDER / "failures.csv"
GRADUATES, CERTIFICATE, PICTURES = HERE / "graduates.csv", FOLDER / "certificate.pdf", FOLDER / "certificates"
MESSAGE, PAGE = FOLDER / "message.eml", FOLDER / "message.html"

CALLBACK_LIMIT = 30  # seconds
DIPLOMA = ("--template", "classic", "--title", "Marine Biology", "--issuer", "Example Open Campus", "--yes")
ON_SHOW = "21550"  # whose mail is taken out to be looked at


def main(stay: bool) -> int:
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    operator_token = secrets.token_urlsafe(32)
    report.title("Cloud Offload for Moodle", "a whole mailing, and 50 certificates, on this machine")
    with ExitStack() as started:
        moodle, scene = started.enter_context(Moodle()), started.enter_context(Scene())
        signing_secret = secrets.token_urlsafe(32)
        variables = {"LOCAL": "yes", "OPERATOR_TOKEN": operator_token, "SIGNING_SECRET": signing_secret}
        runtime = LocalRuntime(STATE, {**variables, **scene.settings()})
        with report.step("Starting the Worker", "The Worker runs, with its database, files and queues"):
            started.enter_context(runtime)
        offload = Offload(runtime.url, operator_token, FOLDER)
        with report.step("Provisioning a site", "A Moodle is provisioned, and listens for callbacks"):
            sender = "Example Open Campus <campus@example.org>"
            moodle.secret = offload.provision("Example Open Campus", sender, moodle.url)
        result = send_and_look(offload, moodle)
        put_on_show(result)
        judged = list(checks(result))  # before Moodle hears of another job
        words = [str(GRADUATES.relative_to(ROOT)), *DIPLOMA]
        issued = certificates.issue(offload, GRADUATES, CERTIFICATE, words)
        certificates.draw(issued, PICTURES)
        judged += certificates.checks(issued)
        report.summary(result, judged, time.monotonic() - began)
        report.places(
            {
                "a mail as it was sent": MESSAGE,
                "the same in a browser": PAGE,
                "who failed, and why": FAILURES,
                "a certificate": CERTIFICATE,
                "others, as pictures": PICTURES,
                "log of the Worker": runtime.log,
                "Worker (until now)": f"{runtime.url}/v1/jobs/{result.job['id']}",
                "its API, described": f"{runtime.url}/openapi.json",
                "Moodle (until now)": moodle.url,
            }
        )
        if stay:
            with report.step("Making it busy", f"The console has something of everything: {runtime.url}/console"):
                scene.fill(runtime, operator_token)
            report.wait(offload.environment)
    return 0 if all(check.holds for check in judged) else 1


def send_and_look(offload: Offload, moodle: Moodle) -> Result:
    with LEARNERS.open(encoding="utf-8", newline="") as file:
        learners = list(csv.DictReader(file))
    people, template, failures = (str(path.relative_to(ROOT)) for path in (LEARNERS, TEMPLATE, FAILURES))
    words = ["--template", template, "--name", "Reminders, week 48", "--var", "office=study office", "--yes"]
    exit_code = offload.run("send", people, *words)
    jobs = offload.get("/v1/jobs")["jobs"]
    if len(jobs) != 1:
        raise SystemExit(f"one job was expected, there are {len(jobs)}")
    job_id = jobs[0]["id"]
    offload.run("failures", job_id, "--csv", failures)
    report.gap()
    with report.step("Waiting for the callbacks", "Moodle has heard of everything, pushed and polled"):
        events = _events_once_delivered(offload, moodle)
    with Moodle() as polled:
        for event in events:
            polled.apply(event["id"], event)
    return Result(
        learners=learners,
        exit_code=exit_code,
        job=offload.get(f"/v1/jobs/{job_id}"),
        people=offload.people(job_id),
        mails=list(read_all(STATE)),
        pushed=moodle,
        events=events,
        polled=polled,
        failures=FAILURES,
    )


def _events_once_delivered(offload: Offload, moodle: Moodle) -> list[Json]:
    """All events, as soon as Moodle has been told each of them; the checks say so if it never is."""
    deadline = time.monotonic() + CALLBACK_LIMIT
    while True:
        events = offload.events()
        over = any(event["type"] == "job.completed" for event in events)
        if (over and {event["id"] for event in events} <= moodle.events.keys()) or time.monotonic() > deadline:
            return events
        time.sleep(0.2)


def put_on_show(result: Result) -> None:
    """One mail where it is easily found, and its HTML as a page."""
    keys = {person["message_id"] for person in result.people if person["ref"] == ON_SHOW}
    for mail in result.mails:
        if mail.key in keys:
            shutil.copy(mail.file, MESSAGE)
            PAGE.write_text(mail.html, encoding="utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main("--stay" in sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
