"""A person's data in a scope: shown to them, or erased.

The promise: all that is kept of a person is shown or erased, a part a call, and no count changes by it: whoever asks
again goes on where it stopped, and asking once more changes nothing. Whoever was erased is not mailed. Of a certificate
the file goes before the row that it is found by.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from certificates import codes, links
from certificates.files import file_key
from core.errors import ConfigurationError, PersonInFlight
from core.folding import folded
from core.scope import Scope
from core.states import CertificateState, RecipientState
from core.times import rfc3339
from mail.compose import idempotency_key
from privacy.person import AFTER_JOBS, START, Person, Place, Search, place_of, reference
from providers import sandbox
from runtime.ports import Row
from runtime.services import Services
from sending.persistence import persist
from store import audit, batches, privacy
from suppressions.actions import target_of

EVENTS = 200  # of a person in a job, on a page
CERTIFICATES = 100  # of a person whom the jobs know no more, a call
LINK_DAYS = 7

KINDS = ("recipients", "cancelled", "sending", "certificates", "events", "suppressions", "soft_bounces")

# The audit trail's row of what is done, made of a target and a detail; both hold hashes and counts only.
Note = Callable[[str, Mapping[str, Any]], audit.Entry]


class Export(NamedTuple):
    document: dict[str, Any]
    next: Place | None


class Erasure(NamedTuple):
    counts: Counter[str]
    next: Place | None


async def export(services: Services, scope: Scope, person: Person, note: Note, place: Place = START) -> Export:
    """A page of all that is kept of a person."""
    search = await _Export.begin(services, scope, person)
    if place == START:
        await services.database.batch([audit.insert(note(search.target, search.named))])
    return await search.page(place)


async def erase(
    services: Services, scope: Scope, person: Person, note: Note, place: Place = START, *, dry_run: bool = False
) -> Erasure:
    """Erase a part, or all where there is not much. `dry_run` only counts. Raises `PersonInFlight`: everything else of
    this part is erased then, and nothing is where it says so of `Unavailable`; both may be asked again."""
    search = await _Erase.begin(services, scope, person)
    return await search.part(place, None if dry_run else note)


class _Export(Search):
    async def page(self, place: Place) -> Export:
        document: dict[str, Any] = {"recipients": [], "events": [], "certificates": []}
        found, after = await self.find(place)
        people, cut = await self._with_events(document, found, place)
        rows = json.dumps([reference(row) for row in people])
        certificates = await self.services.database.all(privacy.certificates_of(rows)) if people else []
        following = cut or after
        if following is None and self.person.ref:
            certificates, following = await self._more_certificates(certificates, place)
        document["certificates"] = [self._certificate(row) for row in certificates]
        known = {folded(row["email"]) for row in people}
        if self.person.email and place == START:
            known.add(self.person.email)
        return Export(document | await self._addresses(sorted(known)), following)

    async def _with_events(
        self, document: dict[str, Any], found: Sequence[Row], place: Place
    ) -> tuple[list[Row], Place | None]:
        """Those whom this page has room for; and the place within them where it is full."""

        def told_until(row: Row) -> int:
            return place.sequence if (row["job_id"], row["position"]) == (place.job, place.position) else 0

        statements = [privacy.events(row["job_id"], row["ref"], told_until(row), EVENTS + 1) for row in found]
        told = await self.services.database.batch(statements) if statements else []
        shown: list[Row] = []
        for row, events in zip(found, told, strict=True):
            if not told_until(row):
                document["recipients"].append(_recipient(row))
                shown.append(row)
            document["events"] += [_event(row["job_id"], event) for event in events[:EVENTS]]
            if len(events) > EVENTS:
                return shown, place_of(row, 0)._replace(sequence=events[EVENTS - 1]["sequence"])
        return shown, None

    async def _more_certificates(self, certificates: list[Row], place: Place) -> tuple[list[Row], Place | None]:
        assert self.person.ref is not None
        after = place.job if place.created_at == AFTER_JOBS else ""
        statement = privacy.certificates_of_ref(self.scope, self.person.ref, after, CERTIFICATES + 1)
        more = await self.services.database.all(statement)
        following = Place(AFTER_JOBS, more[CERTIFICATES - 1]["code"]) if len(more) > CERTIFICATES else None
        return certificates + more[:CERTIFICATES], following

    async def _addresses(self, known: Sequence[str]) -> dict[str, Any]:
        """What is kept of these addresses, by themselves or by their hash."""
        by_key = {key: email for email in known for key in (email, self.hash_of(email))}
        by_target = {target_of(email): email for email in known}
        suppressions, soft_bounces, releases = await self.services.database.batch(
            [
                privacy.suppressions(self.scope, json.dumps([*by_key])),
                privacy.soft_bounces(self.scope, json.dumps([*known])),
                privacy.releases(self.scope, json.dumps([*by_target])),
            ]
        )
        return {
            "suppressions": [
                {
                    "email": by_key[row["email"]],
                    "company": row["company"] or None,
                    "category": row["category"] or None,
                    "reason": row["reason"],
                    "detail": row["detail"],
                    "created_at": rfc3339(row["created_at"]),
                }
                for row in suppressions
            ],
            "soft_bounces": [
                {"email": row["email"], "bounces": row["bounces"], "last_at": rfc3339(row["last_at"])}
                for row in soft_bounces
            ],
            "releases": [
                {
                    "email": by_target[row["target"]],
                    "company": row["company"] or None,
                    "note": row["note"],
                    "at": rfc3339(row["at"]),
                }
                for row in releases
            ],
        }

    def _certificate(self, row: Row) -> dict[str, Any]:
        names = ("code", "company", "ref", "award", "version", "state", "reason", "sha256")
        times = {name: _time(row[name]) for name in ("issued_at", "expires_at", "ended_at")}
        told = json.loads(row["shown"])
        shown = {name: told[name] for name in ("title", "issuer", "holder")}
        changes = {"changes": json.loads(row["changes"])}
        return {"job": row["job_id"]} | {name: row[name] for name in names} | shown | changes | times | self._links(row)

    def _links(self, row: Row) -> dict[str, str | None]:
        """Where the page and the file are, as long as a file is given away and the deployment has addresses."""
        settings, until = self.services.settings, self.services.clock.now() + LINK_DAYS * links.DAY
        try:
            page = links.verify_url(settings.public_url, row["code"])
            file = links.download_url(settings, row["code"], until)
        except ConfigurationError:
            return {"verify_url": None, "url": None}
        return {"verify_url": page, "url": file if row["state"] == CertificateState.VALID else None}


class _Erase(Search):
    """Without a note, it counts only."""

    async def part(self, place: Place, note: Note | None) -> Erasure:
        counts: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        if place == START and self.person.email:
            counts.update(await self._erase_address(self.person.email, note))  # += would drop what is none
        found, after = await self.find(place)
        if found:
            counts.update(await self._erase_people(found, note))
        if after is None and self.person.ref:
            more, after = await self._erase_more_certificates(self.person.ref, place, note)
            counts.update(more)
        return Erasure(counts, after)

    async def _erase_address(self, email: str, note: Note | None) -> Counter[str]:
        """First of all: from now on, nobody is mailed at it."""
        _, counts = await self.survey([], [email])
        if note:
            addresses = self._of_addresses([email])
            entry = note(self.target, self.named | _told(counts))
            erasing = privacy.erase_addresses(self.scope, addresses, self.services.clock.now())
            await persist(self.services, [privacy.note_addresses(entry, addresses), *erasing])
        return counts

    async def _erase_people(self, found: Sequence[Row], note: Note | None) -> Counter[str]:
        going = [row for row in found if row["state"] != RecipientState.SENDING]
        emails = sorted({folded(row["email"]) for row in going} - {self.person.email})
        certificates, counts = await self.survey(going, emails)
        left = [row["job_id"] for row in found if row["state"] == RecipientState.SENDING]
        if note and going:
            await self._delete_files([*(row["file"] for row in certificates), *self._unrecorded(going, certificates)])
            left += await self._erase_rows(going, emails, certificates, note(self.target, self.named | _told(counts)))
        if note and left:
            raise PersonInFlight(left[0])
        counts["sending"] = len(left)
        return counts

    async def _erase_rows(
        self, going: Sequence[Row], emails: Sequence[str], certificates: Sequence[Row], entry: audit.Entry
    ) -> list[str]:
        """In one transaction; the jobs of those who have been claimed meanwhile."""
        now = self.services.clock.now()
        people = json.dumps([reference(row) | {"as": self._stand_in()} for row in going])
        touched = {(row["job_id"], row["position"] // row["batch_size"]) for row in going}
        changed = json.dumps([{"job": job, "batch": batch} for job, batch in sorted(touched)])
        *_, left = await persist(
            self.services,
            [
                privacy.note(entry, people),
                privacy.erase_people(people, now),
                batches.recount_changed(changed),
                batches.recount_kept(changed),
                privacy.erase_from_attempts(people),
                privacy.erase_from_events(people),
                privacy.erase_certificates(self._of_certificates(certificates), now),
                *privacy.erase_addresses(self.scope, self._of_addresses(emails), now),
                privacy.still_there(people),
            ],
        )
        return [row["job_id"] for row in left]

    async def _erase_more_certificates(
        self, ref: str, place: Place, note: Note | None
    ) -> tuple[Counter[str], Place | None]:
        """What is left of a person of whom the jobs know no more. What was erased is not found again, so there is a
        place to go on from only for counting."""
        after = place.job if place.created_at == AFTER_JOBS and not note else ""
        statement = privacy.certificates_of_ref(self.scope, ref, after, CERTIFICATES + 1)
        rows = await self.services.database.all(statement)
        certificates = rows[:CERTIFICATES]
        more = len(rows) > CERTIFICATES
        people = json.dumps([reference(row) | {"as": self._stand_in()} for row in certificates])
        events = (await self.services.database.all(privacy.count_events(people)))[0]["count"] if certificates else 0
        counts = Counter(certificates=len(certificates), events=events)
        if note and certificates:
            await self._delete_files([row["file"] for row in certificates])
            erased = self._of_certificates(certificates)
            await persist(
                self.services,
                [
                    privacy.note_certificates(note(self.target, self.named | _told(counts)), erased),
                    privacy.erase_from_attempts(people),
                    privacy.erase_from_events(people),
                    privacy.erase_certificates(erased, self.services.clock.now()),
                ],
            )
        return counts, Place(AFTER_JOBS, certificates[-1]["code"]) if more else None

    async def _delete_files(self, files: Sequence[str]) -> None:
        await self.services.files.delete(list(dict.fromkeys(files)))

    def _unrecorded(self, people: Sequence[Row], certificates: Sequence[Row]) -> list[str]:
        """Where files of theirs may be that no row speaks of: mails that the sandbox keeps, and the certificate that a
        crash left before its row."""
        site_id = self.scope.site_id
        having = {(row["job_id"], row["position"]) for row in certificates}
        found = []
        for row in people:
            if row["version"] is not None:  # the job's message is still kept
                key = idempotency_key(site_id, row["job_id"], row["ref"], row["version"])
                found.append(sandbox.file_of(site_id, row["job_id"], key))
            if row["award"] is not None and (row["job_id"], row["position"]) not in having:
                code = self._code(row)
                found += [file_key(site_id, row["company"], row["job_id"], code)] if code else []
        return found

    def _code(self, row: Row) -> str | None:
        """Of a first certificate; none is issued without the secret."""
        try:
            secret = self.services.settings.signing_secret
        except ConfigurationError:
            return None
        return codes.make(secret, self.scope.site_id, row["company"], row["award"], row["ref"], 1, {})

    def _of_certificates(self, certificates: Sequence[Row]) -> str:
        return json.dumps([{"code": row["code"], "as": self._stand_in()} for row in certificates])

    def _of_addresses(self, emails: Sequence[str]) -> str:
        return json.dumps(
            [{"email": email, "hash": self.hash_of(email), "target": target_of(email)} for email in emails]
        )

    def _stand_in(self) -> str:
        """In place of a reference: no other row has it."""
        return f"erased-{self.services.random.token(8).hex()}"


def _told(counts: Counter[str]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count}


def _recipient(row: Row) -> dict[str, Any]:
    names = ("job_name", "company", "ref", "email", "name", "state", "reason", "detail", "attempts", "message_id")
    times = {name: _time(row[name]) for name in ("delivery_at", "updated_at")}
    told = {name: row[name] for name in (*names, "delivery")}
    return {"job": row["job_id"]} | told | {"variables": json.loads(row["variables"])} | times


def _event(job_id: str, event: Row) -> dict[str, Any]:
    names = ("id", "type", "sequence", "state")
    shown = {name: event[name] for name in names} | {"about": json.loads(event["about"])}
    return {"job": job_id} | shown | {"created_at": rfc3339(event["created_at"])}


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else rfc3339(milliseconds)
