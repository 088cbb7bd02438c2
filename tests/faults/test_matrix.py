"""The matrix of faults, a row at a time; `docs/reliability.md` names these tests. Every history also has to satisfy the
invariants, which `simulate` checks at its end."""

import asyncio

import pytest

import breakers
from tests.faults.deployment import OPERATOR, Deployment, person, simulate
from tests.faults.injection import KINDS, Scripted, Storm, Strike

ALWAYS = 10**9
GROUP = 24


async def two_jobs(deployment: Deployment, people: int = 60) -> tuple[str, str]:
    """The faults begin once both jobs are submitted."""
    deployment.batches.holding = True
    north, south = await deployment.north.job(people), await deployment.south.job(people)
    deployment.storm()
    deployment.batches.holding = False
    deployment.batches.pump()
    return north, south


async def until(deployment: Deployment, sent: int, job: str) -> None:
    """Until this many people of the job were tried."""
    [site] = [site for site in deployment.sites if job in site.jobs]
    while sum(site.mails.attempts.values()) < sent:
        await asyncio.sleep(0.01)


def test_row_1_a_message_delivered_again_later_sends_nothing_more() -> None:
    async def scenario(deployment: Deployment) -> None:
        await two_jobs(deployment, 250)
        await deployment.settle()
        for site in deployment.sites:
            assert set(site.mails.attempts.values()) == {1}
            assert site.states(site.jobs[0]) == {"sent": 250}

    simulate(scenario, faults=Scripted(Strike("message", "offload-batches", "twice_later", times=ALWAYS)))


@pytest.mark.parametrize("seed", range(3))
def test_row_2_a_message_delivered_to_two_consumers_at_once_sends_nothing_more(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        await deployment.north.job(250)
        await deployment.south.job(250)
        await deployment.settle()
        for site in deployment.sites:
            assert set(site.mails.attempts.values()) == {1}
            assert site.states(site.jobs[0]) == {"sent": 250}

    simulate(scenario, seed=seed, faults=Scripted(Strike("message", "offload-batches", "twice_at_once", times=ALWAYS)))


@pytest.mark.parametrize(
    ("where", "fault", "in_doubt"),
    [
        (("d1", "_consume_one"), "crash_after", 0),
        (("d1", "_claim"), "crash_before", 0),
        (("d1", "_claim"), "crash_after", GROUP),
        (("mail", "_attempt"), "crash_before", GROUP),
        (("mail", "_attempt"), "crash_after", GROUP),
        (("d1", "_record"), "crash_before", GROUP),
        (("d1", "_record"), "crash_after", 0),
        (("d1", "_finished"), "crash_after", 0),
    ],
)
def test_row_3_a_crash_loses_nobody_and_leaves_in_doubt_only_who_was_in_flight(
    where: tuple[str, str], fault: str, in_doubt: int
) -> None:
    async def keyless(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60)
        await deployment.settle()
        states = deployment.north.states(job)
        assert states == +type(states)({"sent": 60 - in_doubt, "uncertain": in_doubt})

    async def keyed(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.south.job(60)
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 60}

    for scenario in (keyless, keyed):
        plan = Scripted(Strike(*where, fault, nth=1 if where[0] == "mail" else 0))
        simulate(scenario, faults=plan)
        assert plan.struck


@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "error_after", "error_before"])
def test_row_4_an_answer_of_the_provider_that_was_lost_is_doubt_or_repeated_under_the_same_key(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        north, south = await two_jobs(deployment)
        await deployment.settle()
        states = deployment.north.states(north)
        assert states["uncertain"] > 3
        assert states["sent"] + states["uncertain"] == 60
        assert deployment.south.states(south) == {"sent": 60}
        assert (deployment.south.mails.replays > 3) is fault.endswith("after")

    simulate(scenario, faults=Scripted(Strike("mail", "", fault, nth=5, times=20)))


@pytest.mark.parametrize("step", ["_consume_one", "_begin", "_claim", "_record", "_end", "_finished", "queue_batches"])
@pytest.mark.parametrize("fault", ["busy", "lost_before", "lost_after"])
def test_row_5_an_answer_of_d1_that_was_lost_changes_nothing(step: str, fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 60}
            assert {row["attempts"] for row in site.people(job)} == {1}

    simulate(scenario, faults=Scripted(Strike("d1", f"{step}$", fault), Strike("d1", f"{step}$", fault, nth=1)))


def test_row_6_a_throttle_of_ten_minutes_burns_no_attempt_and_no_dead_letter() -> None:
    async def scenario(deployment: Deployment) -> None:
        now = deployment.loop.time()
        for site in deployment.sites:
            site.mails.throttling.append((now, now + 600))
        jobs = await two_jobs(deployment, 250)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 250}
            assert {row["attempts"] for row in site.people(job)} == {1}
            assert sum(site.mails.attempts.values()) < 250 + 3 * 6 * 3
        assert not deployment.database.query("SELECT * FROM dead_letters")

    simulate(scenario)


def test_row_6_a_throttle_that_does_not_say_how_long_is_waited_out() -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 250)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 250}
            assert {row["attempts"] for row in site.people(job)} == {1}

    simulate(scenario, faults=Scripted(Strike("mail", "", "throttled", nth=30, times=100)))


def test_row_7_a_burst_of_server_errors_is_waited_out_and_costs_nobody_an_attempt() -> None:
    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        deployment.north.mails.down.append((start, start + 240, "unavailable"))
        job = await deployment.north.job(200)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 200}
        assert {row["attempts"] for row in deployment.north.people(job)} == {1}
        assert sum(deployment.north.mails.attempts.values()) < 250

    simulate(scenario)


@pytest.mark.parametrize("how", ["unreachable", "unavailable"])
def test_row_7_an_outage_of_six_hours_fails_nobody_and_ends_by_itself(how: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        for site in deployment.sites:
            site.mails.down.append((start + 1, start + 6 * 3600, how))
        jobs = await two_jobs(deployment, 500)
        await asyncio.sleep(5 * 3600)
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert (site.row(job)["state"], site.row(job)["reason"]) in [("paused", "outage"), ("queued", None)]
            assert site.states(job)["pending"] > 300
            pauses = [event for event in site.moodle.of_job(job) if event["type"] == "job.paused"]
            assert 5 < len(pauses) < 40
            tries = sum(site.mails.attempts.values()) - site.states(job)["sent"]
            assert tries < 250  # of a whole group each, and then of one mail for each batch
        await asyncio.sleep(2.2 * 3600)
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job) == {"sent": 500}
            assert site.row(job)["state"] == "completed"
            assert max(row["attempts"] for row in site.people(job)) <= 2
            assert not site.asked

    simulate(scenario)


def test_row_7_an_outage_that_leaves_the_outcome_open_leaves_few_in_doubt() -> None:
    """SendGrid has no keys, and its 500 may mean that the mail went out."""

    async def scenario(deployment: Deployment) -> None:
        start = deployment.loop.time()
        deployment.north.mails.down.append((start, start + 6 * 3600, "broken"))
        job = await deployment.north.job(2000)
        await asyncio.sleep(8 * 3600)
        states = deployment.north.states(job)
        assert states["uncertain"] < 200
        assert states == {"sent": 2000 - states["uncertain"], "uncertain": states["uncertain"]}

    simulate(scenario)


def test_row_7_one_mail_that_the_provider_always_breaks_at_holds_up_no_other() -> None:
    async def scenario(deployment: Deployment) -> None:
        for site in deployment.sites:
            site.mails.refusing = {person(number, 1)["email"]: (503, "") for number in (0, 150)}
            await site.job(300)
        await asyncio.sleep(600)
        assert [site.states(site.jobs[0])["sent"] for site in deployment.sites] == [298, 298]
        await deployment.settle()
        for site, state in zip(deployment.sites, ("failed", "uncertain"), strict=True):
            assert site.states(site.jobs[0]) == {"sent": 298, state: 2}
            assert not site.asked

    simulate(scenario)


def test_row_8_who_was_refused_fails_with_the_reason_and_nobody_else() -> None:
    async def scenario(deployment: Deployment) -> None:
        await deployment.ask(OPERATOR, "PATCH", f"/v1/sites/{deployment.south.id}", {"failure_limit": 1})
        refused = [person(number, 1) for number in range(0, 200, 4)]
        deployment.south.mails.refusing = {each["email"]: (400, "") for each in refused}
        job = await deployment.south.job(200)
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 150, "failed": 50}
        failed = {row["ref"]: row["reason"] for row in deployment.south.people(job) if row["state"] == "failed"}
        assert failed == {each["ref"]: "validation_error" for each in refused}

    simulate(scenario)


def test_row_9_one_malformed_person_in_two_hundred_fails_alone() -> None:
    async def scenario(deployment: Deployment) -> None:
        people = [person(number, 1) for number in range(200)]
        people[77]["email"] = "not an address"
        job = await deployment.north.job(people)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 199, "failed": 1}
        assert deployment.north.people(job)[77]["reason"] == "invalid_address"

    simulate(scenario)


def test_row_9_malformed_messages_are_dead_letters_and_harm_no_other() -> None:
    async def scenario(deployment: Deployment) -> None:
        strange = [
            {"job": 1},
            {},
            {"job": "job_none", "batch": 0},
            {"job": "x", "batch": -1},
            {"batch": True, "job": "x"},
        ]
        for body in strange:
            deployment.batches.post(body)
            deployment.dead_letters.post(body)
            deployment.callbacks.post(body)
        job = await deployment.north.job(500)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 500}
        assert len(deployment.database.query("SELECT * FROM dead_letters")) == 2 * len(strange)

    simulate(scenario)


@pytest.mark.parametrize("fault", KINDS["queue"])
def test_row_10_whatever_becomes_of_the_messages_everybody_is_mailed_once(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        north = await deployment.north.job(500)
        south = await deployment.south.job(500)
        await deployment.settle()
        assert deployment.north.states(north) == {"sent": 500}
        assert deployment.south.states(south) == {"sent": 500}
        assert set(deployment.north.mails.attempts.values()) == {1}

    simulate(scenario, faults=Scripted(Strike("queue", "dispatch", fault, times=6)))


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        (("d1", "_claim"), "stall_before"),
        (("d1", "_claim"), "stall_after"),
        (("mail", "_attempt"), "stall_before"),
        (("mail", "_attempt"), "stall_after"),
        (("d1", "_record"), "stall_before"),
        (("d1", "_record"), "stall_after"),
        (("d1", "_finished"), "stall_before"),
        (("d1", "_end"), "stall_before"),
    ],
)
def test_row_11_a_zombie_sends_to_nobody_a_second_time_and_its_late_word_is_true(
    where: tuple[str, str], fault: str
) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 90)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert set(site.states(job)) <= {"sent", "uncertain"}

    simulate(scenario, faults=Scripted(Strike(*where, fault, nth=2), Strike(*where, fault, nth=4)))


@pytest.mark.parametrize("action", ["pause", "cancel", "handback"])
@pytest.mark.parametrize("provider", ["keyless", "keyed"])
def test_row_12_pause_cancel_and_hand_back_stop_within_a_group(action: str, provider: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.south if provider == "keyed" else deployment.north
        job = await site.job(1000)
        await until(deployment, 200, job)
        assert (await site.act(action, job)).ok
        tried = sum(site.mails.attempts.values())
        await asyncio.sleep(120)
        assert sum(site.mails.attempts.values()) <= tried + 5 * GROUP
        assert site.states(job)["sending"] == 0
        left = 1000 - site.states(job)["sent"]
        assert left > 500
        if action == "pause":
            assert site.states(job)["pending"] == left
            assert (await site.act("resume", job)).ok
            await deployment.settle()
            assert site.states(job) == {"sent": 1000}
        else:
            assert site.states(job)["cancelled"] == left

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_row_12_a_hand_back_gives_exactly_those_that_were_not_mailed(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.sites[seed % 2]
        deployment.storm()
        job = await site.job(1000)
        await until(deployment, 100, job)
        while not (await site.act("handback", job)).ok:
            await asyncio.sleep(5)
        deployment.quiet()
        await deployment.settle()
        given: set[str] = set()
        path = f"/v1/jobs/{job}/handback"
        site.asked["handback", job] += 1
        page = await site.sure("POST", path)
        given = {each["email"] for each in page["recipients"]}
        assert len(given) == page["handed_back"] > 300
        for row in site.people(job):
            mailed = site.mails.count(row["email"])
            assert row["state"] in ("cancelled", "sent", "uncertain", "failed")
            assert not (mailed and row["email"] in given)
            assert mailed or row["email"] in given or row["state"] in ("uncertain", "failed")

    simulate(scenario, seed=seed, faults=Storm(seed, 2))


def test_row_13_who_is_suppressed_in_the_middle_is_skipped_from_then_on() -> None:
    async def scenario(deployment: Deployment) -> None:
        job, _ = await two_jobs(deployment, 500)
        await until(deployment, 100, job)
        late = [row for row in deployment.north.people(job) if row["state"] == "pending"][::7]
        for row in late:
            deployment.north.suppress(row["email"], "unsubscribe")
            deployment.south.suppress(row["email"].replace("job1", "nobody"))
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 500 - len(late), "suppressed": len(late)}
        skipped = [row for row in deployment.north.people(job) if row["state"] == "suppressed"]
        assert {row["email"] for row in skipped} == {row["email"] for row in late}
        assert {row["reason"] for row in skipped} == {"unsubscribe"}

    simulate(scenario)


def test_row_14_more_than_two_in_a_hundred_hard_bounces_pause_the_job_and_tell_it() -> None:
    async def scenario(deployment: Deployment) -> None:
        job = await deployment.north.job(1000, rate=20)
        await until(deployment, 300, job)
        await asyncio.sleep(1)
        deployment.database.query(
            "UPDATE recipients SET delivery = 'bounced', reason = 'hard_bounce'"
            " WHERE job_id = ? AND state = 'sent' AND position % 30 = 0",
            job,
        )
        await breakers.check_bounces(deployment.services, job)
        await asyncio.sleep(60)
        shown = deployment.north.row(job)
        assert (shown["state"], shown["reason"]) == ("paused", "hard_bounces")
        [told] = [event for event in deployment.north.moodle.of_job(job) if event["type"] == "job.paused"]
        assert told["data"]["reason"] == "hard_bounces"
        assert deployment.north.states(job)["pending"] > 0

    simulate(scenario)


@pytest.mark.parametrize("at_once", [True, False])
def test_row_15_dead_letters_redriven_twice_are_mailed_once(at_once: bool) -> None:
    async def scenario(deployment: Deployment) -> None:
        jobs = await two_jobs(deployment, 150)
        await deployment.settle()
        deployment.quiet()
        for site, job in zip(deployment.sites, jobs, strict=True):
            failed = [row["ref"] for row in site.people(job) if row["state"] == "failed"]
            assert failed
            asked = [site.resend(job, "failed", failed) for _ in range(2)]
            answers = await asyncio.gather(*asked) if at_once else [await each for each in asked]
            assert sorted(answer.body["count"] for answer in answers) == [0, len(failed)]
            await deployment.settle()
            assert set(site.states(job)) <= {"sent", "uncertain"}

    # every lease of a batch dies before anybody is claimed, until the batch is given up
    simulate(scenario, faults=Scripted(Strike("d1", "_claim", "crash_before", times=40)))


def test_row_15_a_redrive_in_the_middle_of_a_running_batch_is_mailed_once() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.south.mails.refusing = {person(number, 1)["email"]: (400, "") for number in range(10)}
        _, job = await two_jobs(deployment, 200)
        await until(deployment, 60, job)
        deployment.south.mails.refusing = {}
        failed = [row["ref"] for row in deployment.south.people(job) if row["state"] == "failed"]
        assert failed
        await asyncio.gather(*(deployment.south.resend(job, "failed", failed) for _ in range(3)))
        await deployment.settle()
        assert deployment.south.states(job) == {"sent": 200}

    simulate(scenario)


@pytest.mark.parametrize("seed", range(4))
def test_row_16_clocks_that_are_ten_minutes_off_neither_lose_nor_double(seed: int) -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.skewed = 0.5
        jobs = await two_jobs(deployment, 500)
        await deployment.settle()
        for site, job in zip(deployment.sites, jobs, strict=True):
            assert site.states(job)["sent"] + site.states(job)["uncertain"] == 500

    simulate(scenario, seed=seed, faults=Scripted(Strike("mail", "", "crash_after", nth=100, times=2)))


@pytest.mark.parametrize("fault", KINDS["moodle"])
def test_row_17_a_moodle_that_fails_in_every_way_is_told_everything_in_the_end(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        await two_jobs(deployment, 250)
        await deployment.settle()

    simulate(scenario, faults=Scripted(Strike("moodle", "", fault, times=10)))


def test_row_18_the_same_submission_twice_is_one_job() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        site = deployment.north
        people = [person(number, 1) for number in range(50)]
        body = {"kind": "email", "message": {"subject": "a", "html": "b"}, "recipients": people, "start": True}
        key = {"Idempotency-Key": "once"}
        answers = await asyncio.gather(*(site.sure("POST", "/v1/jobs", body, **key) for _ in range(5)))
        [job] = {answer["id"] for answer in answers}
        site.jobs.append(job)
        other = await site.ask("POST", "/v1/jobs", {**body, "name": "other"}, **key)
        while other.unknown:
            other = await site.ask("POST", "/v1/jobs", {**body, "name": "other"}, **key)
        assert other.status == 409
        foreign = await deployment.south.sure("POST", "/v1/jobs", {**body, "recipients": [], "start": False}, **key)
        assert foreign["id"] != job
        await deployment.settle()
        assert site.states(job) == {"sent": 50}

    for seed in range(5):
        d1_only = Scripted(*(Strike("d1", "", fault, nth=seed * 3 + n) for n, fault in enumerate(KINDS["d1"][:3] * 3)))
        simulate(scenario, seed=seed, faults=d1_only)


@pytest.mark.parametrize("fault", KINDS["r2"])
def test_row_21_a_bucket_that_fails_leaves_one_file_for_everybody(fault: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = await deployment.add_site("box", "sandbox", deployment.internet.sendgrid)
        deployment.storm()
        job = await site.job(100)
        site.jobs.clear()  # its mails are files
        await deployment.settle()
        assert site.states(job) == {"sent": 100}
        files = deployment.bucket.memory.objects
        assert len(files) == 100
        assert all(name.startswith(f"{site.id}/sandbox/{job}/") for name in files)

    simulate(scenario, faults=Scripted(Strike("r2", "", fault, nth=10, times=1 if "crash" in fault else 8)))


def test_a_resumed_job_goes_on_even_where_the_resume_met_a_batch_on_its_way_back() -> None:
    """The batch has seen the pause and is about to be given back, to wait for a resume that has already come."""

    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        job = await site.job(100)
        await until(deployment, 30, job)
        assert (await site.act("pause", job)).ok
        while not site.states(job)["pending"] or site.states(job)["sending"]:
            await asyncio.sleep(0.001)
        for _ in range(60):
            if deployment.database.query("SELECT 1 FROM batches WHERE state = 'processing'") == []:
                break
            await asyncio.sleep(0.002)
            if site.row(job)["state"] == "paused":
                assert (await site.act("resume", job)).ok
        await deployment.settle(2)
        assert site.states(job) == {"sent": 100}

    for seed in range(15):
        simulate(scenario, seed=seed)


def test_a_database_that_is_overloaded_at_every_claim_is_no_poison() -> None:
    async def scenario(deployment: Deployment) -> None:
        job, _ = await two_jobs(deployment)
        await deployment.settle()
        assert deployment.north.states(job) == {"sent": 60}

    simulate(scenario, faults=Scripted(Strike("d1", "_claim", "busy", times=20)))


def test_a_batch_that_was_given_up_ends_even_where_its_dead_letter_is_lost() -> None:
    async def scenario(deployment: Deployment) -> None:
        deployment.storm()
        job = await deployment.north.job(60)
        await deployment.settle(hours=6)
        assert deployment.north.states(job) == {"failed": 60}

    plan = Scripted(Strike("d1", "_claim", "crash_before", times=3), Strike("queue", "_give_up", "lost"))
    simulate(scenario, faults=plan)
    assert plan.struck["queue.lost"] == 1


@pytest.mark.parametrize("action", ["cancel", "handback"])
def test_row_12_a_cancellation_while_nobody_holds_a_batch_that_died_in_flight_ends_everybody(action: str) -> None:
    async def scenario(deployment: Deployment) -> None:
        site = deployment.north
        deployment.storm()
        job = await site.job(60)
        await until(deployment, 6, job)
        deployment.batches.holding = True
        await asyncio.sleep(600)  # the sweeper has taken the lease back, and its message is on the way
        assert site.states(job)["sending"] == GROUP
        assert (await site.act(action, job)).ok
        deployment.batches.holding = False
        deployment.batches.pump()
        await deployment.settle()
        assert site.states(job) == {"uncertain": GROUP, "cancelled": 60 - GROUP}

    simulate(scenario, faults=Scripted(Strike("mail", "", "crash_after", nth=5)))
