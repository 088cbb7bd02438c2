"""Whom not to mail, and why: looking, adding, releasing.

The promise: who asked not to be mailed is mailed again only when somebody says so outright and why. A company sees and
changes its own rows; that an address is suppressed for the whole site it learns only by asking about that address, as
it would by mailing it. The audit trail holds no addresses: it keeps their SHA-256.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import person_hash, problems
from core.errors import InvalidAddress
from core.problems import Problem, invalid
from core.scope import Scope
from mail import address
from runtime.ports import Row
from runtime.services import Services
from store import audit, kept, privacy, suppressions
from store.suppressions import Reason

Place = tuple[str, ...]
_START: Place = ("", "", "")
_FORCE_NEEDS_A_NOTE = "is needed with force: why is this person mailed again?"


@dataclass(frozen=True)
class Suppressions:
    """Those of a scope. `site_key`: the site's `address_key`."""

    services: Services
    scope: Scope
    site_key: str

    @classmethod
    async def of(cls, services: Services, scope: Scope) -> "Suppressions":
        [site] = await services.database.all(privacy.address_key(scope.site_id))
        return cls(services, scope, site["address_key"])

    async def page(self, key: str | None, reason: Reason | None, after: Place | None, limit: int) -> list[Row]:
        """By address; or those of the one address that `key` is, be it kept by its hash."""
        keys = self._keys(key) if key else None
        statement = suppressions.page(self.scope, keys, reason, after or _START, limit)
        rows = await self.services.database.all(statement)
        return [self._shown(row if key is None else row | {"email": key}) for row in rows]

    async def add(self, rows: Sequence[dict[str, Any]], entry: audit.Entry) -> int:
        """How many of these are new, or became a person's wish; each has email (a key), company, category, reason and
        detail. Raises `LimitReached`."""
        target = target_of(rows[0]["email"]) if len(rows) == 1 else "suppressions"
        site_id, company = self.scope.site_id, self.scope.company
        noted = entry._replace(target=target, site_id=site_id, company=company, detail={"addresses": len(rows)})
        listed, limits = json.dumps(list(rows)), self.services.settings.limits
        before, [needed], added, _ = await self.services.database.batch(
            [
                kept.of(self.scope),
                suppressions.needed(site_id, listed),
                suppressions.add(self.scope, listed, limits.as_json, self.services.clock.now()),
                suppressions.note_add(noted, listed),
            ]
        )
        limits.check(self.scope, before, needed, self.scope)
        return len(added)

    async def release(
        self, key: str, company: str | None, category: str | None, entry: audit.Entry, *, note: str | None, force: bool
    ) -> list[Row]:
        """The rows that are released: '' for company or category is the row for all, None is any row. Raises a
        `Problem` where there is none, or a person's wish that is not forced."""
        if force and not note:
            raise invalid("/note", _FORCE_NEEDS_A_NOTE)
        chosen, site_id = (self._keys(key), company, category), self.scope.site_id
        noted = entry._replace(target=target_of(key), site_id=site_id)
        found, *_, released = await self.services.database.batch(
            [
                suppressions.chosen(site_id, *chosen),
                suppressions.note_release(noted, *chosen, force),
                *([suppressions.keep_note(noted, *chosen, force, note)] if note else []),
                suppressions.release(site_id, *chosen, force),
            ]
        )
        if not released:
            await self._explain(chosen[0], found)
        return [row | {"email": key} for row in released]

    async def _explain(self, keys: str, found: list[Row]) -> None:
        """Why nothing was released."""
        wishes = sorted({row["reason"] for row in found if row["reason"] in suppressions.WISHES})
        if wishes:
            words = f"The reason is {' and '.join(wishes)}. Release it with force and a note that says why."
            raise Problem(problems.UNWANTED, words)
        if await self.services.database.all(suppressions.page(self.scope, keys, None, _START, 1)):
            raise Problem(problems.SITE_WIDE, "Only a token of the site releases it.")
        raise Problem(problems.UNKNOWN_SUPPRESSION, "Nothing that this token may release matches.")

    def _keys(self, key: str) -> str:
        """What an address is found by: itself, or its hash, where it was erased."""
        return json.dumps([key, person_hash.of_address(self.site_key, key)])

    def _shown(self, row: Row) -> Row:
        foreign = self.scope.company is not None and not row["company"]
        return row | {"detail": None, "created_at": None} if foreign else row


def key_of(email: str, at: str) -> str:
    """The form that suppressions are kept in. Raises a `Problem` that names the field `at`."""
    try:
        return address.key(email)
    except InvalidAddress as error:
        raise invalid(at, error.detail) from None


def place_of(row: Row) -> Place:
    """Where the next page begins."""
    return row["email"], row["company"], row["category"]


def target_of(email: str) -> str:
    """What the audit trail calls whoever has this address."""
    return f"sha256:{hashlib.sha256(email.encode()).hexdigest()}"
