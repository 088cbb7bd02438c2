"""Moodle is told everything once, and nobody else is."""

from tests.mutants.guard import Guard

GUARDS = (
    Guard(
        "the sweeper finds forgotten callbacks",
        "src/sweep.py",
        "receivers.forgotten(now - CALLBACK_GRACE)",
        "receivers.forgotten(0)",
        ("tests/test_sweep.py",),
    ),
    Guard(
        "a callback is posted under a lease",
        "src/store/callbacks.py",
        "AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?2 AND {OPEN}",
        "AND due_at <= ?2 AND {OPEN}",
        ("tests/callback/test_delivery.py", "tests/callback/test_faults.py"),
    ),
    Guard(
        "what became of a callback is recorded under its lease",
        "src/store/callbacks.py",
        """_CLAIMED = "id = ?1 AND state = 'pending' AND lease_until = ?2\"""",
        """_CLAIMED = "id = ?1 AND ?2 = ?2\"""",
        ("tests/callback/test_delivery.py", "tests/callback/test_faults.py"),
    ),
    Guard(
        "an event that was superseded is not posted",
        "src/store/callbacks.py",
        "WHERE site_id = ?1 AND state = 'pending' AND due_at <= ?2 AND ifnull(lease_until, 0) <= ?2 AND {OPEN}",
        "WHERE site_id = ?1 AND state IN ('pending', 'superseded') AND due_at <= ?2 AND {OPEN}",
        ("tests/callback/test_delivery.py", "tests/callback/test_faults.py"),
    ),
    Guard(
        "a callback counts only when the receiver echoes its id",
        "src/callbacks/posting.py",
        'return isinstance(answer, dict) and answer.get("accepted") == event_id',
        'return isinstance(answer, dict) and "accepted" in answer',
        ("tests/callback/test_receiver.py", "tests/callback/test_delivery.py"),
    ),
    Guard(
        "what was superseded is not posted again",
        "src/callbacks/replays.py",
        '["dead", "delivered"] if named',
        '["dead", "delivered", "superseded"] if named',
        (
            "tests/api/test_callbacks.py",
            "-k",
            "superseded",
        ),
    ),
    Guard(
        "what is still to be posted is not posted again",
        "src/callbacks/replays.py",
        '["dead", "delivered"] if named',
        '["dead", "delivered", "pending"] if named',
        (
            "tests/api/test_callbacks.py",
            "-k",
            "superseded",
        ),
    ),
)
