"""Whose data a request may touch.

The promise: every statement in `store/` that touches a tenant's data takes a scope, so that a row of another site or
company looks the same as a missing one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """A whole site (`company` None) or one company of it."""

    site_id: str
    company: str | None = None
