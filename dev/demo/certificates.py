"""The demo's second half: certificates in every script, judged by the files themselves.

The promise: what is checked is what a stranger has: the PDF, its QR code as a camera reads it, the page it leads to.
"""

import csv
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from dev.demo.checks import Check, Json
from dev.demo.offload import Offload

SCALE = 2.5  # pixels a point: as a phone sees the page
PICTURES = 5


@dataclass(frozen=True)
class Issued:
    graduates: int
    exit_code: int
    certificates: list[Json]
    files: dict[str, bytes]  # by code, out of the job's archive


def issue(offload: Offload, graduates: Path, show: Path, words: list[str]) -> Issued:
    """Run the command, then fetch what came of it; one file is put on `show`."""
    exit_code = offload.run("certificates", *words)
    job = offload.get("/v1/jobs")["jobs"][0]["id"]
    listed = offload.get("/v1/certificates", job=job, limit=1000)["certificates"]
    archive = zipfile.ZipFile(io.BytesIO(offload.download(f"/v1/jobs/{job}/certificates.zip")))
    files = {name[-20:-4]: archive.read(name) for name in archive.namelist()}
    with graduates.open(encoding="utf-8", newline="") as file:
        expected = sum(1 for _ in csv.DictReader(file))
    if files:
        many = max(listed, key=lambda certificate: str(certificate["ref"]))
        show.write_bytes(files[many["code"]])
    return Issued(expected, exit_code, listed, files)


def draw(issued: Issued, folder: Path) -> None:
    """A few of them as pictures, in scripts as different as there are."""
    folder.mkdir(parents=True, exist_ok=True)
    by_name = sorted(issued.certificates, key=lambda certificate: str(certificate["holder"]))
    for certificate in by_name[:: max(1, len(by_name) // PICTURES)]:
        if pdf := issued.files.get(certificate["code"]):
            (folder / f"{certificate['code']}.png").write_bytes(_png(pdf))


def _png(pdf: bytes) -> bytes:
    """The first page, in colour."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=1.5, rev_byteorder=True)
        data, row = bytes(bitmap.buffer), bitmap.width * bitmap.n_channels
        starts = range(0, bitmap.stride * bitmap.height, bitmap.stride)
        rows = b"".join(b"\0" + data[start : start + row] for start in starts)
        head = struct.pack(">IIBBBBB", bitmap.width, bitmap.height, 8, {3: 2, 4: 6}[bitmap.n_channels], 0, 0, 0)
    finally:
        document.close()
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def checks(issued: Issued) -> Iterator[Check]:
    yield _stored(issued)
    yield _verifiable(issued)


def _stored(issued: Issued) -> Check:
    """Their bytes come out of R2 as they were recorded in D1."""
    intact = sum(
        hashlib.sha256(issued.files.get(certificate["code"], b"")).hexdigest() == certificate["sha256"]
        for certificate in issued.certificates
    )
    holds = intact == len(issued.files) == issued.graduates and issued.exit_code == 0
    return Check("Every certificate is in R2", f"{intact} of {issued.graduates}", holds)


def _verifiable(issued: Issued) -> Check:
    good = 0
    with httpx.Client(timeout=30, trust_env=False) as stranger:
        for certificate in issued.certificates:
            address = _qr_code(issued.files.get(certificate["code"], b""))
            if address == certificate["verify_url"]:
                page = stranger.get(address)
                good += page.status_code == 200 and certificate["sha256"] in page.text
    return Check("Each QR code leads to its page", f"{good} of {issued.graduates}", good == issued.graduates)


def _qr_code(pdf: bytes) -> str:
    import pypdfium2
    import zxingcpp

    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=SCALE, grayscale=True)
        picture = memoryview(bytes(bitmap.buffer)).cast("B", [bitmap.height, bitmap.stride])
        return next((code.text for code in zxingcpp.read_barcodes(picture)), "")
    finally:
        document.close()
