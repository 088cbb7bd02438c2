"""One certificate after the other: rendered, stored, recorded.

The promise: a certificate's code, its file's key and bytes follow from the job alone, so a repetition writes the
same file again; the row comes after the file, and a file that no row speaks of is taken away again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from certificates import codes, font_file, links
from certificates.award import CODE, VERIFY_URL, CertificateJob
from certificates.files import asset_key, discard, file_key
from core.errors import ConfigurationError, DesignRefused, RecipientFault, RenderingFailed, Unavailable
from core.log import log
from core.states import CertificateState
from runtime.ports import Bucket, Row, Statement
from runtime.services import Services
from sending.persistence import persist
from store import certificates, events

if TYPE_CHECKING:
    from certificates.fonts import FontLibrary
    from certificates.render import Renderer

PDF = "application/pdf"
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
            "expires_at": self.expires_at(variables),
        }
        return Issued(row, pdf)

    async def render(self, person: Mapping[str, Any], variables: Mapping[str, Any], code: str) -> bytes:
        self.expires_at(variables)
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

    def expires_at(self, variables: Mapping[str, Any]) -> int | None:
        """Raises `RenderingFailed` where it would be over before it is issued, by the person's own variable."""
        expires_at = self.job.expires_at_for(variables)
        if expires_at is not None and self.job.expires_at is None and expires_at <= self.at:
            raise RenderingFailed("variable 'expires' is a day before that of issue")
        return expires_at

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
