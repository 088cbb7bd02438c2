"""Statements of `heartbeats`: when what runs by the clock last ran."""

from runtime.ports import Statement


def beat(name: str, now: int) -> Statement:
    return Statement(
        "INSERT INTO heartbeats (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
        (name, now),
    )


def latest(name: str) -> Statement:
    """One row, or none where it never ran."""
    return Statement("SELECT at FROM heartbeats WHERE name = ?1", (name,))
