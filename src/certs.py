"""Certificates of a claimed group, issued before its mail leaves.

The promise: one certificate is valid for one award to one person, whatever crashes or is repeated: it is on record
before its mail leaves, and a repetition finds it there. A mail that is to have the file with it has the very bytes that
are on record, or the link alone.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from certificates import links
from certificates.award import CODE, CertificateJob
from certificates.files import discard
from certificates.issuing import PDF, Issued, Issuing
from core.errors import (
    BucketUnavailable,
    CertificateErased,
    CertificateRevoked,
    ConfigurationError,
    CredentialsRejected,
    RecipientFault,
    Unavailable,
)
from core.log import log, place_of
from core.states import AttachmentState, CertificateState, RecipientState
from mail.message import Attachment
from runtime.ports import Row
from runtime.services import Services
from sending.group import IN_FLIGHT, GroupResult, Outcome, Sender
from sending.persistence import persist
from store import certificates

# Bytes: of 128 MB that a Worker has, a group's 24 files and the requests of those in flight, which hold each file five
# times over, take 30 MB at most.
LARGEST_ATTACHED = 500_000


class IssuingSender:
    """Issues the certificates of a group, then has it mailed: who has none is not mailed."""

    def __init__(self, services: Services, job: CertificateJob, at: int, sender: Sender) -> None:
        self._issuing = Issuing(services, job, at)
        self._sender = sender
        self._max_attempts = services.settings.max_attempts

    async def send(self, people: Sequence[Row]) -> GroupResult:
        ended: dict[int, Outcome] = {}
        addressed: list[Row] = []
        try:
            addressed = await self._prepared(people, ended)
        except ConfigurationError as error:
            waiting = [Outcome(person["position"], RecipientState.PENDING) for person in people]
            return GroupResult(waiting, CredentialsRejected("not_configured", str(error)))
        except Exception as error:  # nobody has been mailed
            self._told(error)
            ended = {person["position"]: self._refused(person, error) for person in people}
        sent = await self._sender.send(addressed)
        return GroupResult([*ended.values(), *sent.outcomes], sent.halt)

    async def _prepared(self, people: Sequence[Row], ended: dict[int, Outcome]) -> list[Row]:
        """Those who can be mailed, with what their mail says of their certificate; the others are in `ended`."""
        issued, pdfs = await self._issue(people, ended)
        having = [person for person in people if person["ref"] in issued]
        files = await self._files(having, issued, pdfs, ended) if self._issuing.job.attached else {}
        addressed: list[Row] = []
        for person in having:
            try:
                if person["position"] not in ended:
                    addressed.append(self._addressed(person, issued, files))
            except ConfigurationError:
                raise
            except Exception as error:  # of this person alone
                ended[person["position"]] = self._broken(person["position"], error)
        return addressed

    async def _issue(self, people: Sequence[Row], ended: dict[int, Outcome]) -> tuple[dict[str, Row], dict[str, bytes]]:
        """The valid certificate of each ref, and the files of the new ones by code, where they are to be attached; who
        gets none is in `ended`."""
        job, issuing = self._issuing.job, self._issuing
        refs = json.dumps([person["ref"] for person in people])
        statement = certificates.of_people(job.site_id, job.company, job.award, refs)
        [found] = await persist(issuing.services, [statement])
        latest = {row["ref"]: row for row in found}
        made: list[tuple[Row, Issued]] = []
        for person in people:
            try:
                if self._is_needed(person, latest.get(person["ref"])):
                    made.append((person, await issuing.make(person, latest.get(person["ref"]), {})))
            except RecipientFault as fault:
                latest.pop(person["ref"], None)
                ended[person["position"]] = Outcome(
                    person["position"], RecipientState.FAILED, 0, fault.code, fault.detail
                )
            except (Unavailable, ConfigurationError):
                raise
            except Exception as error:  # of this person alone
                latest.pop(person["ref"], None)
                ended[person["position"]] = self._broken(person["position"], error)
        put = await self._put(made, ended)
        if put:
            latest |= await self._keep(put, ended)
        for person in people:
            if person["position"] not in ended and person["ref"] not in latest:
                ended[person["position"]] = _erased(person)
        valid = {
            person["ref"]: latest[person["ref"]]
            for person in people
            if person["position"] not in ended and latest[person["ref"]]["state"] == CertificateState.VALID
        }
        return valid, {one.row["code"]: one.pdf for one in put} if job.attached else {}

    def _is_needed(self, person: Row, latest: Row | None) -> bool:
        """Whether there is to be a new one: an award is certified once, and again when that has expired."""
        if latest is None:
            return True
        if latest["state"] == CertificateState.REVOKED:
            raise CertificateRevoked("the certificate of this award was revoked; a new one needs another award")
        at, expires_at = self._issuing.at, self._issuing.job.expires_at_for(json.loads(person["variables"]))
        return latest["expires_at"] is not None and latest["expires_at"] <= at < (expires_at or at + 1)

    async def _put(self, made: Sequence[tuple[Row, Issued]], ended: dict[int, Outcome]) -> list[Issued]:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def one(person: Row, issued: Issued) -> Issued | None:
            async with slots:
                try:
                    await self._issuing.put(issued)
                except Exception as error:
                    self._told(error)
                    # it may be there all the same, and this person may never be tried again
                    await discard(self._issuing.services, [issued.row["file"]])
                    ended[person["position"]] = self._refused(person, error)
                    return None
            return issued

        done = await asyncio.gather(*(one(person, issued) for person, issued in made))
        return [issued for issued in done if issued]

    async def _keep(self, put: Sequence[Issued], ended: dict[int, Outcome]) -> dict[str, Row]:
        """All at once; where one cannot be kept, each by itself."""
        try:
            return await self._issuing.keep(put)
        except Unavailable:
            raise
        except Exception as error:
            self._told(error)
        kept: dict[str, Row] = {}
        for one in put:
            try:
                kept |= await self._issuing.keep([one])
            except Unavailable:
                raise
            except Exception as error:
                ended[one.row["position"]] = self._broken(one.row["position"], error)
                await discard(self._issuing.services, [one.row["file"]])
        return kept

    async def _files(
        self, people: Sequence[Row], issued: Mapping[str, Row], pdfs: dict[str, bytes], ended: dict[int, Outcome]
    ) -> dict[int, Attachment | AttachmentState]:
        """What goes with each person's mail, or why nothing does; who is to be tried again is in `ended`."""
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def one(person: Row) -> Attachment | AttachmentState:
            try:
                return await attachment(person, issued[person["ref"]])
            except Exception as error:  # a file that cannot go with a mail never keeps the mail back
                self._told(error)
                return AttachmentState.UNAVAILABLE

        async def attachment(person: Row, row: Row) -> Attachment | AttachmentState:
            async with slots:
                pdf = pdfs.pop(row["code"], None) or await self._stored(person, row["file"], ended)
            if pdf is None:
                return AttachmentState.UNAVAILABLE
            if len(pdf) > LARGEST_ATTACHED:
                return AttachmentState.TOO_LARGE
            return Attachment(f"certificate-{row['code']}.pdf", PDF, pdf)

        files = await asyncio.gather(*(one(person) for person in people))
        return {person["position"]: file for person, file in zip(people, files, strict=True)}

    async def _stored(self, person: Row, file: str, ended: dict[int, Outcome]) -> bytes | None:
        """None where it is not there, or cannot be had: in their last attempt, a person is mailed without it."""
        try:
            stored = await self._issuing.services.files.get(file)
        except Exception as error:
            self._told(error)
            refused = self._refused(person, error)
            if refused.state is RecipientState.PENDING:
                ended[person["position"]] = replace(refused, down=False)  # the mail can leave without it
            return None
        return stored.data if stored else None

    def _told(self, error: Exception) -> None:
        """In the log, where it is no trouble of the platform's."""
        if not isinstance(error, Unavailable):
            place, job = place_of(error), self._issuing.job
            log("error", "issuing raised", site=job.site_id, job=job.job_id, reason=place)

    def _broken(self, position: int, error: Exception) -> Outcome:
        """Of one person, before anything left."""
        self._told(error)
        return Outcome(position, RecipientState.FAILED, 0, "internal_error", type(error).__name__)

    def _refused(self, person: Row, error: Exception) -> Outcome:
        last = person["attempts"] + 1 >= self._max_attempts
        if not isinstance(error, Unavailable):
            state = RecipientState.FAILED if last else RecipientState.PENDING
            return Outcome(person["position"], state, 1, "internal_error", type(error).__name__)
        code = "files_unavailable" if isinstance(error, BucketUnavailable) else "database_unavailable"
        state = RecipientState.FAILED if last else RecipientState.PENDING
        return Outcome(person["position"], state, 1, code, "the certificate could not be kept, or read", down=True)

    def _addressed(
        self, person: Row, issued: Mapping[str, Row], files: Mapping[int, Attachment | AttachmentState]
    ) -> Row:
        """The person with what their mail says of the certificate, and has with it. The link's time follows from the
        job's start: under one key, a provider is sent the same mail on every attempt."""
        issuing, row = self._issuing, issued[person["ref"]]
        variables = json.loads(person["variables"])
        printed, verify_url = issuing.printed({**variables, CODE: json.loads(row["shown"]).get("code")}, row["code"])
        until = issuing.at + issuing.job.link_days * links.DAY
        supplied = {
            "certificate_url": links.download_url(issuing.services.settings, row["code"], until),
            "certificate_code": printed,
            "verify_url": verify_url,
        }
        return {
            **person,
            "variables": json.dumps({**variables, **supplied}, ensure_ascii=False),
            "attachment": files.get(person["position"]),
        }


def _erased(person: Row) -> Outcome:
    """The code that they would have is that of a certificate whose holder's data was erased."""
    fault = CertificateErased("the certificate of this award was erased; a new one needs another award")
    return Outcome(person["position"], RecipientState.FAILED, 0, fault.code, fault.detail)
