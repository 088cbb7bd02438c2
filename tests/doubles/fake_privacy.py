"""What the service knows of people, by ref: a page a row."""

import json
from dataclasses import dataclass, field

from tests.doubles.fake_jobs import Answer, Json, Problem

KINDS = ("recipients", "events", "certificates", "suppressions", "soft_bounces")


@dataclass
class Privacy:
    kept: dict[str, list[Json]] = field(default_factory=dict)
    in_flight: bool = False

    def export(self, *, query: dict[str, str], headers: object, body: bytes) -> Answer:  # noqa: ARG002 - as all of them
        rows, place = self._rows(body), int(query.get("cursor", "0"))
        page: Json = {kind: [] for kind in KINDS} | {"recipients": rows[place : place + 1]}
        return 200, page | {"next": str(place + 1) if place + 1 < len(rows) else None}, {}

    def erase(self, *, query: dict[str, str], headers: object, body: bytes) -> Answer:  # noqa: ARG002 - as all of them
        asked, place = json.loads(body), int(query.get("cursor", "0"))
        rows = self._rows(body)
        dry_run = asked.get("dry_run", False)
        if self.in_flight and not dry_run:
            raise Problem(409, "The person is being mailed at this moment", "Ask again in a few minutes.")
        counts = {"recipients": len(rows[place : place + 1]), "sending": 0}
        if dry_run:
            following = str(place + 1) if place + 1 < len(rows) else None
        else:
            del rows[:1]
            following = "0" if rows else None
        return 200, {"dry_run": dry_run, "counts": counts, "next": following}, {}

    def _rows(self, body: bytes) -> list[Json]:
        return self.kept.setdefault(json.loads(body)["ref"], [])


ROUTES = (
    ("POST /v1/privacy/export", Privacy.export),
    ("POST /v1/privacy/erase", Privacy.erase),
)
