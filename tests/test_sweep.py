"""What a crash or a lost message leaves behind is found and carried on."""

import pytest

from store import batches
from tests.doubles.provider import Crash
from tests.worlds.world import World


async def test_a_batch_whose_message_was_lost_is_queued_again_after_an_hour(world: World) -> None:
    job_id = await world.job(5)
    world.batches.sent.clear()
    await world.sweep()
    assert not world.batches.sent
    world.clock.advance(3601)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"sent": 5}


async def test_a_dead_lease_is_reclaimed(world: World) -> None:
    job_id = await world.job(100)
    world.batches.sent.clear()
    world.database.query(
        "UPDATE batches SET state = 'processing', fence = 1, lease_until = ?", world.clock.now() + 1000
    )
    world.database.query("UPDATE recipients SET state = 'sending', fence = 1 WHERE position < 3")
    await world.sweep()
    assert not world.batches.sent
    world.clock.advance(2)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"uncertain": 3, "sent": 97}


async def test_a_dead_lease_of_a_cancelled_job_is_ended(world: World) -> None:
    job_id = await world.job(100)
    world.batches.sent.clear()
    world.database.query(
        "UPDATE batches SET state = 'processing', fence = 1, lease_until = ?", world.clock.now() + 1000
    )
    world.database.query("UPDATE recipients SET state = 'sending', fence = 1 WHERE position < 3")
    world.database.query("UPDATE jobs SET state = 'cancelled', reason = 'cancelled'")
    world.clock.advance(2)
    await world.sweep()
    await world.work()
    assert world.states(job_id) == {"uncertain": 3, "cancelled": 97}
    assert (await world.show(job_id))["ended_at"]


async def test_a_second_sweep_repairs_nothing_more(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.job(5)
    world.batches.sent.clear()
    world.clock.advance(3601)
    await world.sweep()
    assert "lost messages replaced" in capsys.readouterr().out
    await world.sweep()
    assert capsys.readouterr().out == ""
    assert len(world.batches.sent) == 1


async def test_a_site_with_forgotten_callbacks_is_told_to_the_callbacks_consumer(world: World) -> None:
    world.database.query("UPDATE sites SET callback_url = 'https://moodle.example/hook'")
    await world.job(5)
    await world.work()
    world.callbacks.sent.clear()
    world.clock.advance(61)
    await world.sweep()
    assert [body for body, _ in world.callbacks.sent] == [{"site": world.scope.site_id}]


async def test_a_crash_between_sending_a_message_and_marking_it_means_one_message_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "queued", lambda *_: (_ for _ in ()).throw(Crash))
        with pytest.raises(Crash):
            await world.job(5)
    assert len(world.batches.sent) == 1
    await world.sweep()
    assert len(world.batches.sent) == 2
    await world.work()
    assert set(world.provider.accepted.values()) == {1}
