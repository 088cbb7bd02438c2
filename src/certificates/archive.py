"""All certificates of a job as one ZIP, written while it is read.

The promise: memory holds a few files at a time, however many there are; what is not in the store any more is listed in
the archive instead of being left out in silence.
"""

import asyncio
import io
import unicodedata
from collections.abc import AsyncIterator

from core.errors import BucketUnavailable
from core.times import moment
from runtime.ports import Row, StoredObject
from runtime.services import Services
from sending import backoff
from store import certificates

AT_A_TIME = 6  # files
_PAGE = 300  # rows
_ATTEMPTS = 4


class _Window:
    """A file of which only that is kept which nobody has taken yet."""

    def __init__(self) -> None:
        self._taken = 0
        self._kept = io.BytesIO()

    def write(self, data: bytes) -> int:
        return self._kept.write(data)

    def tell(self) -> int:
        return self._taken + self._kept.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        assert whence == io.SEEK_SET
        self._kept.seek(offset - self._taken)
        return offset

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = self._kept.getvalue()
        self._taken += len(data)
        self._kept = io.BytesIO()
        return data


async def archive(services: Services, job_id: str) -> AsyncIterator[bytes]:
    """Stored, not packed: the files are packed themselves."""
    import zipfile

    window, missing = _Window(), []
    with zipfile.ZipFile(window, "w") as target:  # type: ignore[call-overload]
        async for row, found in _files(services, job_id):
            if found is None:
                missing.append(row["code"])
                continue
            issued = moment(row["issued_at"])
            target.writestr(zipfile.ZipInfo(_name(row), issued.timetuple()[:6]), found.data)
            yield window.take()
        if missing:
            target.writestr("missing.txt", "".join(f"{code}\n" for code in missing))
    yield window.take()


async def _files(services: Services, job_id: str) -> AsyncIterator[tuple[Row, StoredObject | None]]:
    after = -1
    while rows := await services.database.all(certificates.files(job_id, after, _PAGE)):
        for start in range(0, len(rows), AT_A_TIME):
            some = rows[start : start + AT_A_TIME]
            for pair in zip(some, await asyncio.gather(*(_get(services, row["file"]) for row in some)), strict=True):
                yield pair
        after = rows[-1]["position"]


async def _get(services: Services, key: str) -> StoredObject | None:
    """An archive that is half read cannot be told to come again."""
    for attempt in range(1, _ATTEMPTS):
        try:
            return await services.files.get(key)
        except BucketUnavailable:
            await services.clock.sleep(backoff.delay(attempt, services.random, base=1))
    return await services.files.get(key)


def _name(row: Row) -> str:
    """Of a file, on every system: letters of any script, digits, and few signs."""
    name = unicodedata.normalize("NFC", row["name"] or row["ref"])
    plain = "".join(sign if unicodedata.category(sign)[0] in "LMN" or sign in " '-" else "_" for sign in name)
    return f"{plain[:80].strip()} {row['code']}.pdf".strip()
