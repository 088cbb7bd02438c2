"""From a job's content and one person to the finished mail: the same on every attempt."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidAddress, MissingVariable, TemplateRefused
from mail.compose import MailJob, idempotency_key
from mail.message import Address

SITE, JOB = "site_" + "1" * 32, "job_" + "2" * 32


def content(**message: Any) -> dict[str, Any]:
    common = {"subject": "Hi {{ name }}", "html": "<p>{{ course }}</p>", "from": {"email": "no-reply@münchen.de"}}
    return {"message": common | message}


def load(**message: Any) -> MailJob:
    return MailJob.load(SITE, JOB, "v1", content(**message))


def test_a_mail_has_everything_the_job_and_the_person_say() -> None:
    job = load(
        text="Text for {{ name }}",
        reply_to={"email": "help@example.org", "name": "Help\r\nDesk"},
        headers={"X-Course": "Logic"},
        variables={"course": "Logic"},
        **{"from": {"email": "no-reply@münchen.de", "name": "Uni, München"}},
    )
    mail = job.mail_for("42", "Zoe@example.org", "Zoë 🎓", {})
    key = idempotency_key(SITE, JOB, "42", "v1")
    assert mail.key == key
    assert mail.message_id == f"<{key[:32]}@xn--mnchen-3ya.de>"
    assert mail.sender == Address("no-reply@xn--mnchen-3ya.de", "Uni, München")
    assert mail.reply_to == Address("help@example.org", "Help Desk")
    assert mail.to == Address("Zoe@example.org", "Zoë 🎓")
    assert (mail.subject, mail.html, mail.text) == ("Hi Zoë 🎓", "<p>Logic</p>", "Text for Zoë 🎓")
    assert mail.headers == {"X-Course": "Logic", "X-Entity-Ref-ID": key, "X-Offload-Job": JOB}


def test_the_same_person_gets_the_same_mail_on_every_attempt() -> None:
    first = load().mail_for("42", "a@example.org", "A", {"course": "x"})
    assert load().mail_for("42", "a@example.org", "A", {"course": "x"}) == first


def test_a_key_differs_with_site_job_person_and_version() -> None:
    parts = ("site", "job", "ref", "v1")
    keys = {idempotency_key(*parts)}
    for position in range(4):
        keys.add(idempotency_key(*(p + "x" if i == position else p for i, p in enumerate(parts))))
    keys.add(idempotency_key("site", "jobr", "ef", "v1"))
    keys.add(idempotency_key("site", 'job","', "ref", "v1"))
    assert len(keys) == 7
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)
    assert idempotency_key(*parts) == "e835e551e432eb30d8640a69ceebbb964ed86e3bba5fd98e67b4c02c4313b81f"


def test_a_persons_variable_wins_over_the_jobs() -> None:
    job = load(variables={"course": "Logic"})
    assert job.mail_for("1", "a@example.org", "", {"course": "Ethics"}).html == "<p>Ethics</p>"


def test_ref_email_and_name_are_the_persons_own_whatever_the_variables_say() -> None:
    forged = {"ref": "x", "email": "x", "name": "x"}
    job = load(subject="{{ ref }} {{ email }} {{ name }}", html="h", variables=forged)
    assert job.mail_for("7", " a@münchen.de", "A\r\nB", forged).subject == "7 a@münchen.de A B"


def test_names_that_each_person_must_bring_are_known() -> None:
    job = load(html="{{ course }} {{ room }} {{ ref }} {{ email }} {{ note|default('') }}", variables={"course": "x"})
    assert job.variables == {"room"}


def test_a_person_who_lacks_a_variable_fails_alone() -> None:
    job = load()
    with pytest.raises(MissingVariable, match="'course'"):
        job.mail_for("1", "a@example.org", "", {})
    assert job.mail_for("2", "b@example.org", "", {"course": "x"}).html == "<p>x</p>"


def test_a_person_with_a_bad_address_fails_alone() -> None:
    with pytest.raises(InvalidAddress):
        load().mail_for("1", "nobody", "", {"course": "x"})


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"from": {"email": "nobody"}}, "from"),
        ({"from": {"email": "a@example.org\r\nBcc: b@example.org"}}, "from"),
        ({"reply_to": {"email": "a@b@c.org"}}, "reply_to"),
        ({"headers": {"Bcc": "eve@example.org"}}, "headers.Bcc"),
        ({"subject": "{{ x"}, "subject"),
        ({"html": "{% if %}"}, "html"),
        ({"text": "{{ 'x'|nonsense }}"}, "text"),
    ],
)
def test_a_message_that_is_wrong_for_everybody_is_refused_with_its_field(message: dict[str, Any], field: str) -> None:
    with pytest.raises(TemplateRefused) as caught:
        load(**message)
    assert caught.value.field == field


def test_importing_the_mail_path_is_cheap() -> None:
    """A Worker's start-up is bounded: parsing HTML, IDN tables and MIME are imported when first needed."""
    src = Path(__file__).parents[2] / "src"
    code = "import sys, mail.compose, mail.mime; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], cwd=src, capture_output=True, text=True, timeout=300, check=True)
    assert not {"bs4", "markdownify", "email", "idna", "soupsieve"} & set(run.stdout.split())


def test_the_reference_is_the_place_in_the_job() -> None:
    assert load().mail_for("42", "a@example.org", "A", {"course": "x"}, position=17).reference == f"{JOB}-17"
