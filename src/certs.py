"""Certificates: rendering, storing and recording those of a claimed group, before it is mailed.

The promise: one certificate is valid for one award to one person, whatever crashes or is repeated. Its code, its
file's key and bytes follow from the job alone, so a repetition writes the same file again; the row comes after the
file, the mail after the row. A file that no row speaks of is taken away again. A mail that is to have the file with it
has the very bytes that are on record, or the link alone.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from certificates import codes, font_file, links
from certificates.award import CODE, VERIFY_URL, CertificateJob
from core.errors import (
    BucketUnavailable,
    CertificateErased,
    CertificateRevoked,
    ConfigurationError,
    CredentialsRejected,
    DesignRefused,
    RecipientFault,
    RenderingFailed,
    Unavailable,
)
from core.log import log
from core.states import AttachmentState, CertificateState, RecipientState
from mail.message import Attachment
from runtime.ports import Bucket, Row, Statement
from runtime.services import Services
from sending.group import IN_FLIGHT, GroupResult, Outcome, Sender
from sending.persistence import persist
from store import certificates, events

if TYPE_CHECKING:
    from certificates.fonts import FontLibrary
    from certificates.render import Renderer

PDF = "application/pdf"
# Bytes: of 128 MB that a Worker has, a group's 24 files and the requests of those in flight, which hold each file five
# times over, take 30 MB at most.
LARGEST_ATTACHED = 500_000
_FONTS: list["FontLibrary"] = []  # one an isolate: faces are parsed once
_FILES: ContextVar[Bucket] = ContextVar("files")  # of whoever asks it for a font


@dataclass(frozen=True)
class Issued:
    """A certificate as it is to be kept, and its file."""

    row: dict[str, Any]
    pdf: bytes


class Issuing:
    """The certificates of one job, made one after the other. `at`: the time they all bear, that of the job's start, so
    that a repetition makes the same bytes."""

    def __init__(self, services: Services, job: CertificateJob, at: int) -> None:
        self.services = services
        self.job = job
        self.at = at
        self._renderer: Renderer | None = None

    async def make(self, person: Row, latest: Row | None, changes: Mapping[str, Any]) -> Issued:
        """The version after `latest`, which it replaces where that is valid. Raises a `RecipientFault`."""
        job, variables = self.job, json.loads(person["variables"]) | changes.get("variables", {})
        version = latest["version"] + 1 if latest else 1
        secret = self.services.settings.signing_secret
        code = codes.make(secret, job.site_id, job.company, job.award, person["ref"], version, changes)
        named = {**person, "name": changes.get("name", person["name"])}
        pdf = await self.render(named, variables, code)
        row = {
            "code": code,
            "position": person["position"],
            "ref": person["ref"],
            "award": job.award,
            "version": version,
            "replaces": latest["code"] if latest and latest["state"] == CertificateState.VALID else None,
            "file": file_key(job.site_id, job.company, job.job_id, code),
            "sha256": hashlib.sha256(pdf).hexdigest(),
            "shown": job.shown(named["name"], variables),
            "changes": changes,
            "issued_at": self.at,
            "expires_at": job.expires_at_for(variables),
        }
        return Issued(row, pdf)

    async def render(self, person: Mapping[str, Any], variables: Mapping[str, Any], code: str) -> bytes:
        printed, verify_url = self.printed(variables, code)
        renderer = self._renderer or await self._load()
        values = self.job.values(person, variables)
        try:
            return await renderer.render(
                values, code=printed, verify_url=verify_url, issued=self.at, locale=self.job.locale
            )
        except (RecipientFault, Unavailable, ConfigurationError):
            raise
        except Exception as error:  # a name that breaks the renderer is this person's alone
            log("error", "rendering raised", site=self.job.site_id, job=self.job.job_id, reason=type(error).__name__)
            raise RenderingFailed("the certificate could not be drawn") from error

    def printed(self, variables: Mapping[str, Any], code: str) -> tuple[str, str]:
        """The code and the address of the verification page as the paper has them: Moodle's own, where it gave them."""
        ours = links.verify_url(self.services.settings.public_url, code)
        return str(variables.get(CODE) or codes.grouped(code)), str(variables.get(VERIFY_URL) or ours)

    async def put(self, issued: Issued) -> None:
        await self.services.files.put(issued.row["file"], issued.pdf, PDF)

    async def keep(self, issued: Sequence[Issued], *notes: Statement) -> dict[str, Row]:
        """Record what has been put, after `notes`; the latest certificate of each ref then. Files that came to nothing
        go."""
        job, now = self.job, self.services.clock.now()
        rows = json.dumps([one.row for one in issued], ensure_ascii=False)
        refs = json.dumps([one.row["ref"] for one in issued])
        *_, found = await persist(
            self.services,
            [
                *notes,
                certificates.supersede(rows, now),
                events.certificates_issued(job.job_id, rows, now),
                certificates.insert(job.job_id, rows),
                certificates.of_people(job.site_id, job.company, job.award, refs),
            ],
        )
        latest = {row["ref"]: row for row in found}
        kept = {row["file"] for row in found}
        lost = [one.row["file"] for one in issued if one.row["file"] not in kept]
        await discard(self.services, lost)
        return latest

    async def _load(self) -> "Renderer":
        from certificates.render import Renderer

        _FILES.set(self.services.files)
        assets = {name: await _asset(self.services, self.job, name) for name in self.job.design.assets}
        self._renderer = Renderer(self.job.design, _fonts(), assets)
        return self._renderer


class IssuingSender:
    """Issues the certificates of a group, then has it mailed: who has none is not mailed."""

    def __init__(self, services: Services, job: CertificateJob, at: int, sender: Sender) -> None:
        self._issuing = Issuing(services, job, at)
        self._sender = sender
        self._max_attempts = services.settings.max_attempts

    async def send(self, people: Sequence[Row]) -> GroupResult:
        ended: dict[int, Outcome] = {}
        issued: dict[str, Row] = {}
        pdfs: dict[str, bytes] = {}
        try:
            issued, pdfs = await self._issue(people, ended)
        except Unavailable as error:  # nobody has been mailed
            ended = {person["position"]: self._refused(person, error) for person in people}
        except ConfigurationError as error:
            waiting = [Outcome(person["position"], RecipientState.PENDING) for person in people]
            return GroupResult(waiting, CredentialsRejected("not_configured", str(error)))
        having = [person for person in people if person["ref"] in issued]
        files = await self._files(having, issued, pdfs, ended) if self._issuing.job.attached else {}
        addressed = [self._addressed(person, issued, files) for person in having if person["position"] not in ended]
        sent = await self._sender.send(addressed)
        return GroupResult([*ended.values(), *sent.outcomes], sent.halt)

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
        put = await self._put(made, ended)
        if put:
            latest |= await issuing.keep(put)
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
                except BucketUnavailable as error:
                    # it may be there all the same, and this person may never be tried again
                    await discard(self._issuing.services, [issued.row["file"]])
                    ended[person["position"]] = self._refused(person, error)
                    return None
            return issued

        done = await asyncio.gather(*(one(person, issued) for person, issued in made))
        return [issued for issued in done if issued]

    async def _files(
        self, people: Sequence[Row], issued: Mapping[str, Row], pdfs: dict[str, bytes], ended: dict[int, Outcome]
    ) -> dict[int, Attachment | AttachmentState]:
        """What goes with each person's mail, or why nothing does; who is to be tried again is in `ended`."""
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def one(person: Row) -> Attachment | AttachmentState:
            row = issued[person["ref"]]
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
        except BucketUnavailable as error:
            refused = self._refused(person, error)
            if refused.state is RecipientState.PENDING:
                ended[person["position"]] = replace(refused, down=False)  # the mail can leave without it
            return None
        return stored.data if stored else None

    def _refused(self, person: Row, error: Unavailable) -> Outcome:
        last = person["attempts"] + 1 >= self._max_attempts
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


async def check(services: Services, job: CertificateJob) -> None:
    """Raises `ConfigurationError` or `DesignRefused` where no certificate of the job could be issued."""
    links.download_url(services.settings, "", 0)
    for kind, names in (("picture", job.design.pictures), ("font", job.design.fonts)):
        for name in sorted(names):
            found = await _find_asset(services, job, name)
            if found is None:
                raise DesignRefused("assets", f"the {kind} '{name}' has not been uploaded")
            if font_file.is_font(found) != (kind == "font"):
                raise DesignRefused("assets", f"'{name}' is no {kind}")


async def discard(services: Services, files: Sequence[str]) -> None:
    """Take away files that no row speaks of; what fails is told in the log."""
    if not files:
        return
    try:
        await services.files.delete(list(files))
    except BucketUnavailable:
        log("warning", "certificate files left over", count=len(files))


def _fonts() -> "FontLibrary":
    from certificates.fonts import FontLibrary

    async def fetch(name: str) -> bytes:
        found = await _FILES.get().get(f"fonts/{name}.ttf")
        if found is None:
            raise ConfigurationError("fonts", f"the font {name} has not been uploaded; see docs/certificates.md")
        return found.data

    if not _FONTS:
        _FONTS.append(FontLibrary(fetch))
    return _FONTS[0]


def folder(site_id: str, company: str | None) -> str:
    """Where the files of a company, or of the whole site, are: no company's name leads out of its own."""
    return f"{site_id}/{'-' if company is None else quote(company, safe='').replace('-', '%2D')}"


def file_key(site_id: str, company: str | None, job_id: str, code: str) -> str:
    return f"{folder(site_id, company)}/certificates/{job_id}/{code}.pdf"


def asset_key(site_id: str, company: str | None, name: str) -> str:
    return f"{folder(site_id, company)}/assets/{name}"


async def _asset(services: Services, job: CertificateJob, name: str) -> bytes:
    """Raises `ConfigurationError`: the job waits until it is there again."""
    found = await _find_asset(services, job, name)
    if found is None:
        raise ConfigurationError("assets", f"'{name}' has been deleted; upload the same file again")
    return found


async def _find_asset(services: Services, job: CertificateJob, name: str) -> bytes | None:
    """A company's own, or else its site's."""
    for company in dict.fromkeys((job.company, None)):
        found = await services.files.get(asset_key(job.site_id, company, name))
        if found:
            return found.data
    return None
