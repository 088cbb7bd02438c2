"""Looking for one person among all that a scope has.

The promise: a step reads a bounded number of rows, and where it stopped the next one goes on. A reference is found
through the index of each job; of addresses there is none, so people are read, by their places.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from core import person_hash
from core.errors import InvalidAddress
from core.scope import Scope
from core.states import RecipientState
from mail import address
from runtime.ports import Row
from runtime.services import Services
from store import privacy

JOBS = 200  # looked through in a step
READ = 50_000  # people read in a step that looks for an address
FOUND = 50  # people that a step ends with
STEPS = 10  # in a call

AFTER_JOBS = 2**53 - 2


@dataclass(frozen=True)
class Person:
    """By their reference, their address, or both: then whoever has either of them."""

    ref: str | None
    email: str | None

    @classmethod
    def named(cls, ref: str | None, email: str | None) -> "Person":
        """`email` as somebody typed it; what is no address is looked for as it was submitted."""
        if email is None:
            return cls(ref, None)
        try:
            return cls(ref, address.key(email))
        except InvalidAddress:
            return cls(ref, email.strip())


class Place(NamedTuple):
    """Where to go on: with this job, person and event; with the certificates after this code, where the jobs are
    done."""

    created_at: int = 0
    job: str = ""
    position: int = 0
    sequence: int = 0


START = Place()


class Search:
    """One call's look for one person."""

    def __init__(self, services: Services, scope: Scope, person: Person, site_key: str) -> None:
        self.services = services
        self.scope = scope
        self.person = person
        self._site_key = site_key

    @classmethod
    async def begin(cls, services: Services, scope: Scope, person: Person) -> Self:
        [row] = await services.database.all(privacy.address_key(scope.site_id))
        return cls(services, scope, person, row["address_key"])

    @property
    def named(self) -> dict[str, str]:
        """Whom the audit trail says it was about: who knows the person can tell, and nobody else."""
        by_ref = {"ref": person_hash.of_ref(self._site_key, self.person.ref)} if self.person.ref else {}
        return by_ref | ({"email": self.hash_of(self.person.email)} if self.person.email else {})

    @property
    def target(self) -> str:
        return next(iter(self.named.values()))

    def hash_of(self, email: str) -> str:
        return person_hash.of_address(self._site_key, email)

    async def find(self, place: Place) -> tuple[list[Row], Place | None]:
        """The next people, and where to go on after them; None: there are no more jobs."""
        after: Place | None = place
        for _ in range(STEPS):
            if after is None or after.created_at == AFTER_JOBS:
                return [], None
            found, after = await self._step(after)
            if found:
                return found, after
        return [], after

    async def _step(self, place: Place) -> tuple[list[Row], Place | None]:
        jobs = await self.services.database.all(privacy.jobs_from(self.scope, place.created_at, place.job, JOBS))
        ranges, after = _ranges(jobs, place, READ if self.person.email else None)
        statement = privacy.people(json.dumps(ranges), self.person.ref, self.person.email, FOUND)
        found = await self.services.database.all(statement) if ranges else []
        if len(found) == FOUND:
            after = place_of(found[-1], 1)
        return found, after

    async def survey(self, people: Sequence[Row], addresses: Sequence[str]) -> tuple[list[Row], Counter[str]]:
        """The certificates of these people, and how much there is of each kind."""
        database, rows = self.services.database, json.dumps([reference(row) for row in people])
        certificates, events, suppressions, soft_bounces = await database.batch(
            [
                privacy.certificates_of(rows),
                privacy.count_events(rows),
                privacy.suppressions(self.scope, json.dumps(addresses)),
                privacy.soft_bounces(self.scope, json.dumps(addresses)),
            ]
        )
        counts = Counter(
            recipients=len(people),
            cancelled=sum(row["state"] == RecipientState.PENDING for row in people),
            certificates=len(certificates),
            events=events[0]["count"],
            suppressions=len(suppressions),
            soft_bounces=len(soft_bounces),
        )
        return certificates, counts


def _ranges(jobs: Sequence[Row], place: Place, budget: int | None) -> tuple[list[dict[str, str | int]], Place | None]:
    """Which people of these jobs to look at, `budget` at most; and where to go on, None where there are no more."""
    ranges: list[dict[str, str | int]] = []
    left = AFTER_JOBS if budget is None else budget
    for job in jobs:
        first = place.position if job["id"] == place.job else 0
        if first >= job["total"]:
            continue
        last = min(job["total"], first + left) - 1
        ranges.append({"job": job["id"], "first": first, "last": last})
        if budget is not None:
            left -= last - first + 1
        if left <= 0:
            return ranges, Place(job["created_at"], job["id"], last + 1)
    if len(jobs) < JOBS:
        return ranges, None
    return ranges, Place(jobs[-1]["created_at"], jobs[-1]["id"], jobs[-1]["total"])


def place_of(row: Row, beyond: int) -> Place:
    return Place(row["created_at"], row["job_id"], row["position"] + beyond)


def reference(row: Row) -> dict[str, Any]:
    return {"job": row["job_id"], "position": row["position"], "ref": row["ref"]}
