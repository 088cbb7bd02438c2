"""The condition that keeps a statement within a scope.

The promise: it is written once, its parameters are always ?1 and ?2, and an index on `site_id` stays of use.
"""

from core.scope import Scope


def within(scope: Scope | None, table: str = "") -> str:
    """`table`: the alias with its dot, such as "j."."""
    if scope is None:
        return "(?1 IS NULL AND ?2 IS NULL)"  # true, and both parameters are named
    if scope.company is None:
        return f"({table}site_id = ?1 AND ?2 IS NULL)"
    return f"({table}site_id = ?1 AND {table}company = ?2)"


def parameters(scope: Scope | None) -> tuple[str | None, str | None]:
    return (scope.site_id, scope.company) if scope else (None, None)
