"""Pictures and fonts of designs: uploaded once, named by their content.

The promise: what a file is follows from its content, not from what was said of it; an SVG holds nothing that runs or
refers to anything outside it; a name always means the same bytes; and what a job still needs is not deleted.
"""

import hashlib
from typing import NamedTuple

from certificates import font_file, pictures, svg
from certificates.files import asset_key
from core.errors import AssetInUse, UnknownAsset
from core.limits import ROW
from core.scope import Scope
from runtime.ports import Row
from runtime.services import Services
from sending.persistence import persist
from store import assets, audit, kept

MAX_BYTES = 2_000_000
SVG, PNG, JPEG, TRUETYPE, OPENTYPE = "image/svg+xml", "image/png", "image/jpeg", "font/ttf", "font/otf"


class File(NamedTuple):
    """What is kept. `removed`: what of the upload is not, in words."""

    data: bytes
    type: str
    removed: list[str]

    @property
    def name(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def judged(data: bytes) -> File:
    """Raises `TemplateRefused` where no certificate could show it or be set in it."""
    if font_file.is_font(data):
        font_file.check(data, "")
        return File(data, OPENTYPE if font_file.is_opentype(data) else TRUETYPE, [])
    if pictures.is_svg(data):
        cleaned = svg.clean(data, "")
        _draw(cleaned.data)
        return File(cleaned.data, SVG, cleaned.removed)
    pictures.raster(data, "")
    return File(data, JPEG if data.startswith(b"\xff\xd8") else PNG, [])


def _draw(data: bytes) -> None:
    """Once here, rather than for every person in vain."""
    from certificates.document import Document

    document = Document("", "en", 0, (100, 100))
    document.add_page()
    document.svg(data, 0, 0, 100, 100, "")


async def keep(services: Services, scope: Scope, file: File, entry: audit.Entry) -> Row:
    """The file comes before its row: what is listed is there. Raises `LimitReached`."""
    limits, needs = services.settings.limits, {"assets": 1, "bytes": ROW + len(file.data)}
    there = assets.find(scope.site_id, scope.company, file.name)
    before, found = await services.database.batch([kept.of(scope), there])
    if not found:
        limits.check(scope, before, needs, scope)
    await services.files.put(asset_key(scope.site_id, scope.company, file.name), file.data, file.type)
    insertion = assets.insert(scope, file.name, file.type, len(file.data), limits.as_json, services.clock.now())
    before, *_, found = await persist(services, [kept.of(scope), insertion, assets.note_insert(entry), there])
    if not found:  # another upload took the room meanwhile
        limits.check(scope, before, needs, scope)
    return found[0]


async def find(services: Services, site_id: str, company: str | None, name: str) -> Row:
    """Raises `UnknownAsset`."""
    rows = await services.database.all(assets.find(site_id, company, name))
    if not rows:
        raise UnknownAsset(name)
    return rows[0]


async def delete(services: Services, site_id: str, company: str | None, name: str, entry: audit.Entry) -> Row:
    """The file goes before its row, so that a repetition ends what a fault left undone. Certificates that are issued
    stay as they are. Raises `UnknownAsset`, `AssetInUse`."""
    row = await find(services, site_id, company, name)
    jobs, companies = await services.database.batch(
        [assets.jobs_using(site_id, company, name), assets.companies_using(site_id, company, name)]
    )
    for job in jobs:
        raise AssetInUse(f"the job {job['id']}, which is not over,")
    for owner in companies:
        raise AssetInUse(f"the company {owner['company']}, whose logo it is,")
    await services.files.delete([asset_key(site_id, company, name)])
    await persist(services, [assets.note(entry, site_id, company, name), assets.delete(site_id, company, name)])
    return row
