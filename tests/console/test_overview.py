"""The first page says what needs a person, and each sees the figures of their own alone."""

from jobs import actions as jobs
from tests.worlds.console import Console, Person
from tests.worlds.world import SITE

OTHER = "site_" + "b" * 32


async def test_a_job_under_way_is_shown_with_its_bar(console: Console, operator: Person) -> None:
    job = await console.job(3, name="Exam results")
    shown = await operator.open("/console")
    assert "Exam results" in shown.text
    assert "3 pending" in shown.text
    assert shown.link("Exam results").endswith(f"/console/jobs/{job}")


async def test_what_needs_a_person_is_told_in_words(console: Console, operator: Person) -> None:
    job = await console.job(1)
    body = console.batches.sent[0][0]
    await console.bury({**body, "reason": "poison"})
    shown = await operator.open("/console")
    assert "Dead letters 1 open the oldest for" in shown.text
    assert (await jobs.find(console.services, console.scope, job))["failed"] == 1
    assert shown.link("Look at them").endswith("/console/dead-letters")


async def test_the_months_cost_is_shown_with_its_arithmetic_to_the_operator_alone(
    console: Console, operator: Person
) -> None:
    assert "D1 rows written" in (await operator.open("/console")).text
    assert "D1 rows written" not in (await console.holder()).at.text


async def test_nobody_sees_the_jobs_of_another_site_or_company(console: Console) -> None:
    console.add_site(OTHER, name="Other school")
    await console.job(1, name="Of the north", company="north")
    await console.job(1, name="Of the south", company="south")
    of_other = (await console.holder(OTHER)).at.text
    assert "Of the" not in of_other
    assert "Other school" in of_other
    of_north = (await console.holder(company="north")).at.text
    assert "Of the north" in of_north
    assert "Of the south" not in of_north
    assert "Of the south" in (await console.holder(SITE)).at.text


async def test_a_name_with_markup_is_shown_as_it_is_written(console: Console, operator: Person) -> None:
    await console.job(1, name="<script>alert(1)</script>")
    shown = await operator.open("/console")
    assert "<script>alert" not in shown.response.text
    assert "<script>alert(1)</script>" in shown.text
