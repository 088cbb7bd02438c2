"""What comes in and goes out by a door of its own: secrets, signatures, addresses, headers, tables."""

from tests.mutants.guard import Guard

GUARDS = (
    Guard(
        "a callback secret is not rotated while the one before it signs",
        "src/store/sites.py",
        "AND ifnull(previous_secret_until, 0) <= ?4",
        "AND ?4 > 0",
        ("tests/api/test_sites.py", "-k", "second_rotation"),
    ),
)
