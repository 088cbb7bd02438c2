"""Runs on Pyodide: the CPU of one mail but for the platform's own calls. Prints milliseconds."""

import json
import time
from pathlib import Path
from typing import Any

from mail.compose import MailJob
from providers import provider_for
from runtime.ports import HttpRequest, HttpResponse
from runtime.services import Services
from runtime.settings import Settings
from sending.group import GroupSender
from sending.pacing import Pacer

GROUPS, GROUP = 100, 24
HTML = Path("/project/tests/bench/reminder.html")


class Clock:
    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep(self, _seconds: float) -> None:
        """The rate is not what is measured."""


class Accepting:
    async def __call__(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the shape of a fetch
        return HttpResponse(202, {"x-message-id": "m1"}, b"")


def person(position: int) -> dict[str, object]:
    """As a claim returns it."""
    return {
        "position": position,
        "ref": str(position),
        "email": f"learner{position}@school.example",
        "name": f"Learner Nº {position}",
        "variables": json.dumps({"course": "Biology", "date": "1 December", "grade": f"{position % 100} %"}),
        "attempts": 0,
    }


async def main() -> None:
    settings = Settings({"SENDGRID_API_KEY": "SG.x"})
    unused: Any = dict.fromkeys(Services.__dataclass_fields__)
    services = Services(**unused | {"fetch": Accepting(), "clock": Clock(), "settings": settings})
    html = HTML.read_text()  # noqa: ASYNC240 - nothing else runs here
    message = {"subject": "{{ course }} ends on {{ date }}", "html": html, "from": {"email": "a@example.org"}}
    mails = MailJob.load("site_1", "job_1", "v1", {"message": message})
    sender = GroupSender(
        mails,
        provider_for("sendgrid", services, "site_1"),
        Pacer(services.clock, 1e9),
        max_attempts=8,
        resend_uncertain=False,
        unsubscribe_url=lambda _: "",
    )
    people = [[person(group * GROUP + place) for place in range(GROUP)] for group in range(GROUPS)]
    (await sender.send(people[0])).as_json()  # compiles what is compiled on first use
    began = time.perf_counter()
    for group in people[1:]:
        (await sender.send(group)).as_json()
    print((time.perf_counter() - began) * 1000 / ((GROUPS - 1) * GROUP))
