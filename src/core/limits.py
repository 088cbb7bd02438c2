"""How much a tenant may keep.

The promise: a company keeps no more than its share of what its site may, and the site no more than that, its companies
included. Whoever is refused is told what is used and what is allowed; a company nothing of what others use.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from core.errors import LimitReached
from core.scope import Scope

Counts = Mapping[str, int]

KINDS = ("people", "bytes", "drafts", "assets")
ROW = 200  # bytes that are counted for a row, besides what it holds


class Limits(NamedTuple):
    """What is allowed, by kind."""

    site: Counts
    company: Counts

    @property
    def as_json(self) -> str:
        return json.dumps(self._asdict())

    def of(self, scope: Scope) -> Counts:
        return self.site if scope.company is None else self.company

    def check(self, owner: Scope, kept: Iterable[Mapping[str, Any]], needs: Counts, asker: Scope) -> None:
        """Raises `LimitReached` where `owner`, a site or a company, has no room for `needs`. `kept`: their rows."""
        used = {row["company"]: row for row in kept}
        owners = [("company", owner.company, self.company), ("site", "", self.site)]
        for whose, company, allowed in owners if owner.company else owners[1:]:
            for kind, need in needs.items():
                before = used[company][kind] if company in used else 0
                if need > 0 and before + need > allowed[kind]:
                    told = None if whose == "site" and asker.company else before
                    raise LimitReached(whose, kind, told, allowed[kind], need)


def standing(owner: Scope, kept: Iterable[Mapping[str, Any]], limits: Limits) -> dict[str, dict[str, int]]:
    """What the owner uses and may use, by kind. `kept`: its row, or none where it keeps nothing."""
    used = {row["company"]: row for row in kept}.get(owner.company or "")
    return {kind: {"used": used[kind] if used else 0, "allowed": limits.of(owner)[kind]} for kind in KINDS}
