"""Where the files of certificates and of designs are kept, and how they are taken away again."""

from collections.abc import Sequence
from urllib.parse import quote

from core.errors import BucketUnavailable
from core.log import log
from runtime.services import Services


def _folder(site_id: str, company: str | None) -> str:
    """Where the files of a company, or of the whole site, are: no company's name leads out of its own."""
    return f"{site_id}/{'-' if company is None else quote(company, safe='').replace('-', '%2D')}"


def file_key(site_id: str, company: str | None, job_id: str, code: str) -> str:
    return f"{_folder(site_id, company)}/certificates/{job_id}/{code}.pdf"


def asset_key(site_id: str, company: str | None, name: str) -> str:
    return f"{_folder(site_id, company)}/assets/{name}"


async def discard(services: Services, files: Sequence[str]) -> None:
    """Take away files that no row speaks of; what fails is told in the log."""
    if not files:
        return
    try:
        await services.files.delete(list(files))
    except BucketUnavailable:
        log("warning", "certificate files left over", count=len(files))
