"""Events are applied once to people, counters and suppressions, nothing goes backwards, and Moodle is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from core.errors import DatabaseUncertain, OutcomeUnknown, TemporarilyRefused
from core.scope import Scope
from core.states import RecipientState
from delivery_events import outcomes
from delivery_events.base import DeliveryEvent, Kind, Notice, Token
from mail.message import OutgoingMail
from runtime.ports import Row, Statement
from tests.store.test_plans import whole_reads
from tests.worlds.world import SITE, World, person


def told(job: str, position: int, kind: Kind, at: int = 1_000, **more: Any) -> DeliveryEvent:
    fields = {"message_id": "id", "detail": "550 said so"} | more
    return DeliveryEvent(kind, at, job, position, fields["message_id"], fields["detail"])


async def apply(world: World, *events: DeliveryEvent, token: Token | None = None) -> set[int]:
    known = await outcomes.apply(world.services, Notice(list(events), token))
    world.check()
    return known


async def sent_job(world: World, people: int | Sequence[Mapping[str, Any]] = 3, **fields: Any) -> str:
    job = await world.job(people, **fields)
    await world.work()
    world.callbacks.sent.clear()
    return job


def failing(error: Exception) -> Callable[[OutgoingMail], str]:
    def script(_: OutgoingMail) -> str:
        raise error

    return script


async def uncertain_job(world: World, people: int = 3) -> str:
    world.provider.script = failing(OutcomeUnknown("response_lost"))
    return await sent_job(world, people)


def suppressions(world: World) -> list[tuple[Any, ...]]:
    rows = world.database.query("SELECT company, email, category, reason FROM suppressions ORDER BY email")
    return [tuple(row.values()) for row in rows]


def updates(world: World, job: str) -> list[list[Row]]:
    return [row["data"]["recipients"] for row in world.events(job, "delivery.updated")]


OUTCOMES = [
    (Kind.DELIVERED, "delivered", None),
    (Kind.SOFT_BOUNCE, "bounced", "soft_bounce"),
    (Kind.HARD_BOUNCE, "bounced", "hard_bounce"),
    (Kind.DROPPED, "bounced", "dropped"),
    (Kind.COMPLAINT, "complained", "complaint"),
    (Kind.DEFERRED, None, None),
    (Kind.UNSUBSCRIBE, None, None),
]


@pytest.mark.parametrize(("kind", "delivery", "reason"), OUTCOMES)
async def test_what_became_of_a_sent_mail_is_kept_beside_what_we_did(
    world: World, kind: Kind, delivery: str | None, reason: str | None
) -> None:
    job = await sent_job(world)
    before = world.people(job)
    assert await apply(world, told(job, 1, kind, at=77)) == {0}
    after = world.people(job)
    changed = {"delivery": delivery, "delivery_at": 77, "reason": reason, "detail": "550 said so" if reason else None}
    assert after == [before[0], before[1] | (changed if delivery else {}), before[2]]


async def test_nothing_goes_backwards(world: World) -> None:
    job = await sent_job(world, 1)
    for kind, delivery in [
        (Kind.DELIVERED, "delivered"),
        (Kind.DEFERRED, "delivered"),
        (Kind.SOFT_BOUNCE, "bounced"),
        (Kind.DELIVERED, "bounced"),
        (Kind.COMPLAINT, "complained"),
        (Kind.HARD_BOUNCE, "complained"),
        (Kind.DELIVERED, "complained"),
    ]:
        await apply(world, told(job, 0, kind))
        assert world.people(job)[0]["delivery"] == delivery


@pytest.mark.parametrize(
    ("kind", "state", "delivery"),
    [
        (Kind.DELIVERED, "sent", "delivered"),
        (Kind.DEFERRED, "sent", None),
        (Kind.HARD_BOUNCE, "sent", "bounced"),
        (Kind.SOFT_BOUNCE, "sent", "bounced"),
        (Kind.COMPLAINT, "sent", "complained"),
        (Kind.UNSUBSCRIBE, "sent", None),
        (Kind.DROPPED, "failed", None),
    ],
)
async def test_whoever_was_in_doubt_leaves_it_and_moodle_is_told(
    world: World, kind: Kind, state: str, delivery: str | None
) -> None:
    job = await uncertain_job(world)
    world.clock.advance(60)
    await apply(world, told(job, 1, kind, at=77, message_id="theirs"))
    one = world.people(job)[1]
    assert (one["state"], one["delivery"], one["message_id"]) == (state, delivery, "theirs")
    assert one["updated_at"] == world.clock.now()
    assert world.states(job) == {state: 1, "uncertain": 2}
    assert (await world.show(job))[state] == 1
    reason = None if kind in ("delivered", "deferred", "unsubscribe") else kind.value
    assert updates(world, job) == [[{"ref": "1", "state": state, "delivery": delivery, "reason": reason, "at": 77}]]
    assert [body for body, _ in world.callbacks.sent] == [{"site": SITE}]


async def test_any_sign_that_a_mail_left_weighs_more_than_that_it_was_dropped(world: World) -> None:
    job = await uncertain_job(world, 1)
    await apply(world, told(job, 0, Kind.DEFERRED), told(job, 0, Kind.DROPPED))
    assert world.states(job) == {"sent": 1}


async def test_a_plain_delivery_is_not_told_and_a_bounce_and_a_complaint_are(world: World) -> None:
    job = await sent_job(world, 4)
    await apply(world, *(told(job, place, Kind.DELIVERED) for place in range(4)))
    assert updates(world, job) == []
    assert not world.callbacks.sent
    await apply(
        world, told(job, 1, Kind.HARD_BOUNCE, at=5), told(job, 2, Kind.COMPLAINT, at=6), told(job, 9, Kind.DROPPED)
    )
    assert updates(world, job) == [
        [
            {"ref": "1", "state": "sent", "delivery": "bounced", "reason": "hard_bounce", "at": 5},
            {"ref": "2", "state": "sent", "delivery": "complained", "reason": "complaint", "at": 6},
        ]
    ]
    events = world.events(job)
    assert [row["sequence"] for row in events] == list(range(1, len(events) + 1))


async def test_the_same_events_again_change_nothing(world: World) -> None:
    job = await uncertain_job(world, 7)
    events = [told(job, place, kind, at=place + 1) for place, kind in enumerate(Kind)]
    await apply(world, *events)
    tables = ("recipients", "callbacks", "suppressions", "soft_bounces", "batches", "jobs")
    before = {table: world.database.query(f"SELECT * FROM {table}") for table in tables}
    world.callbacks.sent.clear()
    for _ in range(3):
        await apply(world, *events)
        await apply(world, *reversed(events))
    assert {table: world.database.query(f"SELECT * FROM {table}") for table in tables} == before
    assert not world.callbacks.sent


async def test_an_answer_of_the_database_that_got_lost_doubles_nothing(world: World) -> None:
    job = await uncertain_job(world)
    real = world.database.batch
    lost: list[int] = []

    async def batch(statements: list[Statement]) -> list[list[Row]]:
        rows = await real(statements)
        if any("INSERT INTO callbacks" in statement.sql for statement in statements) and not lost:
            lost.append(1)
            raise DatabaseUncertain("connection lost")
        return rows

    world.database.batch = batch  # type: ignore[method-assign, assignment]
    await apply(world, told(job, 0, Kind.SOFT_BOUNCE), told(job, 1, Kind.DELIVERED))
    assert lost
    assert len(updates(world, job)) == 1
    assert world.database.query("SELECT bounces FROM soft_bounces") == [{"bounces": 1}]


async def test_events_of_several_jobs_are_told_each_in_its_own(world: World) -> None:
    one, two = await sent_job(world), await sent_job(world)
    await apply(world, told(one, 0, Kind.HARD_BOUNCE), told(two, 1, Kind.HARD_BOUNCE), told(one, 2, Kind.COMPLAINT))
    assert [[each["ref"] for each in people] for people in updates(world, one)] == [["0", "2"]]
    assert [[each["ref"] for each in people] for people in updates(world, two)] == [["1"]]


async def test_events_of_nobody_here_are_let_go_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    job = await sent_job(world)
    nobody = DeliveryEvent(Kind.DELIVERED, 1, None, None, "unknown", "")
    known = await apply(
        world, nobody, told(job, 99, Kind.DELIVERED), told("job_x", 0, Kind.DROPPED), told(job, 2, Kind.DELIVERED)
    )
    assert known == {3}
    assert '"event": "delivery events of unknown mails", "count": 3' in capsys.readouterr().out


async def test_a_thousand_events_and_more_are_applied_a_thousand_at_a_time(world: World) -> None:
    job = await sent_job(world, 1200)
    assert len(await apply(world, *(told(job, place, Kind.HARD_BOUNCE) for place in range(1200)))) == 1200
    assert [len(people) for people in updates(world, job)] == [1000, 200]
    assert len(suppressions(world)) == 1200


async def test_an_event_is_found_by_its_message_id_where_it_has_brackets(world: World) -> None:
    world.provider.script = lambda mail: f"<{mail.to.email}>"
    job = await sent_job(world)
    by_id = DeliveryEvent(Kind.HARD_BOUNCE, 1, None, None, "<person1@example.com>", "")
    assert await apply(world, by_id) == {0}
    assert [one["delivery"] for one in world.people(job)] == [None, "bounced", None]
    world.database.query("UPDATE recipients SET message_id = 'bare', delivery = NULL")
    assert await apply(world, DeliveryEvent(Kind.HARD_BOUNCE, 1, None, None, "bare", "")) == set()


async def test_a_dead_address_is_suppressed_for_the_site_and_a_complaint_for_the_company(world: World) -> None:
    company = Scope(SITE, "faculty")
    job = await sent_job(world, [person(n, email=f"P{n}@MÜNCHEN.de") for n in range(4)], scope=company)
    world.database.query("UPDATE jobs SET category = 'news'")
    kinds = (Kind.HARD_BOUNCE, Kind.COMPLAINT, Kind.UNSUBSCRIBE, Kind.DELIVERED)
    await apply(world, *(told(job, place, kind) for place, kind in enumerate(kinds)))
    assert suppressions(world) == [
        ("", "p0@xn--mnchen-3ya.de", "", "hard_bounce"),
        ("faculty", "p1@xn--mnchen-3ya.de", "", "complaint"),
        ("faculty", "p2@xn--mnchen-3ya.de", "news", "unsubscribe"),
    ]


async def test_a_complaint_takes_the_place_of_a_weaker_reason_and_nothing_takes_its_place(world: World) -> None:
    first, second = [await sent_job(world) for _ in range(2)]
    await apply(world, told(first, 0, Kind.HARD_BOUNCE), told(second, 0, Kind.COMPLAINT))
    assert [reason for *_, reason in suppressions(world)] == ["complaint"]
    third = await sent_job(world, [person(0, email="another@example.com")])
    await apply(world, told(third, 0, Kind.COMPLAINT))
    await apply(world, told(third, 0, Kind.HARD_BOUNCE))
    assert {reason for *_, reason in suppressions(world)} == {"complaint"}


async def test_a_suppression_that_a_person_released_does_not_come_back_with_an_old_event(world: World) -> None:
    job = await sent_job(world)
    await apply(world, told(job, 0, Kind.HARD_BOUNCE))
    world.database.query("DELETE FROM suppressions")
    await apply(world, told(job, 0, Kind.HARD_BOUNCE))
    assert suppressions(world) == []


async def test_whoever_bounced_hard_is_not_mailed_by_the_next_job(world: World) -> None:
    job = await sent_job(world)
    await apply(world, told(job, 1, Kind.HARD_BOUNCE))
    again = await sent_job(world)
    assert [(one["state"], one["reason"]) for one in world.people(again)] == [
        ("sent", None),
        ("suppressed", "hard_bounce"),
        ("sent", None),
    ]


async def test_three_soft_bounces_in_a_row_suppress_an_address(world: World) -> None:
    jobs = [await sent_job(world, 1) for _ in range(3)]
    for at, job in enumerate(jobs):
        assert suppressions(world) == []
        await apply(world, told(job, 0, Kind.SOFT_BOUNCE, at=at + 1))
    assert suppressions(world) == [("", "person0@example.com", "", "soft_bounces")]


async def test_a_delivery_between_them_breaks_the_row(world: World) -> None:
    jobs = [await sent_job(world, 1) for _ in range(4)]
    for at, (job, kind) in enumerate(
        zip(jobs, [Kind.SOFT_BOUNCE] * 2 + [Kind.DELIVERED, Kind.SOFT_BOUNCE], strict=True)
    ):
        await apply(world, told(job, 0, kind, at=at + 1))
    assert suppressions(world) == []


async def test_a_delivery_from_before_them_that_is_told_late_does_not_break_the_row(world: World) -> None:
    jobs = [await sent_job(world, 1) for _ in range(4)]
    for job, (kind, at) in zip(
        jobs, [(Kind.SOFT_BOUNCE, 5), (Kind.SOFT_BOUNCE, 6), (Kind.DELIVERED, 4), (Kind.SOFT_BOUNCE, 7)], strict=True
    ):
        await apply(world, told(job, 0, kind, at=at))
    assert suppressions(world) == [("", "person0@example.com", "", "soft_bounces")]


async def test_a_released_address_has_another_three(world: World) -> None:
    jobs = [await sent_job(world, 1) for _ in range(5)]
    for at, job in enumerate(jobs):
        await apply(world, told(job, 0, Kind.SOFT_BOUNCE, at=at + 1))
        if at == 2:
            world.database.query("DELETE FROM suppressions")
    assert suppressions(world) == []


async def test_too_many_hard_bounces_pause_the_job(world: World) -> None:
    job = await sent_job(world, 300)
    world.database.query("UPDATE jobs SET state = 'running', ended_at = NULL")
    await apply(world, *(told(job, place, Kind.SOFT_BOUNCE) for place in range(100, 200)))
    await apply(world, *(told(job, place, Kind.HARD_BOUNCE) for place in range(6)))
    assert (await world.show(job))["state"] == "running"
    await apply(world, told(job, 6, Kind.HARD_BOUNCE))
    paused = await world.show(job)
    assert (paused["state"], paused["reason"]) == ("paused", "hard_bounces")


async def test_an_event_that_comes_before_the_attempt_has_ended_decides_what_it_was(world: World) -> None:
    """A request that times out after thirty seconds, while the mail was delivered after two."""

    async def slow(mail: OutgoingMail) -> str:
        await outcomes.apply(
            world.services, Notice([told(mail.reference[:36], int(mail.reference[37:]), Kind.HARD_BOUNCE)])
        )
        raise OutcomeUnknown("response_lost")

    world.provider.script = slow
    job = await sent_job(world)
    world.check()
    assert world.states(job) == {"sent": 3}
    assert {(one["delivery"], one["reason"]) for one in world.people(job)} == {("bounced", "hard_bounce")}


async def test_whoever_was_to_be_sent_to_again_is_not_once_the_provider_tells_of_the_mail(world: World) -> None:
    world.provider.script = failing(TemporarilyRefused("try_later"))
    job = await world.job(3)
    body, _ = world.batches.sent.popleft()
    await world.deliver(body)
    assert world.states(job) == {"pending": 3}
    await apply(world, told(job, 0, Kind.DELIVERED), told(job, 1, Kind.DEFERRED), told(job, 2, Kind.DROPPED))
    assert world.states(job) == {"sent": 2, "pending": 1}
    world.provider.script = lambda _: "id"
    world.clock.advance(3600)
    await world.work()
    assert world.states(job) == {"sent": 3}
    assert dict(world.provider.accepted) == {"person2@example.com": 1}
    assert (await world.show(job))["state"] == "completed"


async def test_a_lease_that_died_leaves_nobody_in_doubt_of_whom_the_provider_told(world: World) -> None:
    job = await world.job(3)
    body, _ = world.batches.sent.popleft()
    world.database.query("UPDATE batches SET state = 'processing', fence = 1, lease_until = 0")
    world.database.query("UPDATE jobs SET state = 'running'")
    world.database.query("UPDATE recipients SET state = 'sending', fence = 1, updated_at = 0")
    world.database.query("UPDATE batches SET pending = 0, sending = 3")
    await apply(world, told(job, 0, Kind.DELIVERED))
    await world.deliver(body)
    assert [(one["state"], one["reason"]) for one in world.people(job)] == [
        ("sent", None),
        ("uncertain", "interrupted"),
        ("uncertain", "interrupted"),
    ]
    assert not world.provider.accepted


@pytest.mark.parametrize("state", [RecipientState.FAILED, RecipientState.CANCELLED, RecipientState.SUPPRESSED])
async def test_who_was_never_sent_to_stays_as_they_are(world: World, state: str) -> None:
    job = await sent_job(world, 1)
    world.database.query("UPDATE recipients SET state = ?", state)
    world.database.query(f"UPDATE batches SET sent = 0, {state} = 1")
    before = world.people(job)
    await apply(world, *(told(job, 0, kind) for kind in Kind))
    assert world.people(job) == before


async def test_a_token_is_good_once(world: World) -> None:
    job = await sent_job(world)
    token = Token("t", 5_000, 1_000)
    world.database.query("INSERT INTO event_tokens (at, token) VALUES (999, 'old'), (1000, 'young')")
    assert await apply(world, told(job, 0, Kind.DELIVERED), token=token) == {0}
    assert await apply(world, told(job, 1, Kind.COMPLAINT), token=token) == set()
    assert [one["delivery"] for one in world.people(job)] == ["delivered", None, None]
    assert [row["token"] for row in world.database.query("SELECT token FROM event_tokens")] == ["young", "t"]


async def test_no_statement_reads_a_whole_job_or_table(world: World) -> None:
    seen: dict[str, Statement] = {}
    real = world.database.batch

    async def batch(statements: list[Statement]) -> list[list[Row]]:
        seen.update({statement.sql: statement for statement in statements})
        return await real(statements)

    job = await uncertain_job(world, 300)
    world.database.batch = batch  # type: ignore[method-assign, assignment]
    kinds = [*Kind] * 40
    await apply(world, *(told(job, place, kind) for place, kind in enumerate(kinds)), token=Token("t", 2, 1))
    assert len(seen) > 10
    assert not [line for statement in seen.values() for line in whole_reads(world.database, statement)]


async def test_of_two_like_events_of_one_request_the_earlier_counts(world: World) -> None:
    for times in ((5, 9), (9, 5)):
        job = await sent_job(world, 1)
        await apply(world, *(told(job, 0, Kind.HARD_BOUNCE, at=at, detail=f"at {at}") for at in times))
        [one] = world.people(job)
        assert (one["delivery_at"], one["detail"]) == (5, "at 5")
        world.database.query("DELETE FROM suppressions")
