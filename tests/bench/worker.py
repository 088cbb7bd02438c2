"""The size of what is deployed, as wrangler bundles it."""

import re
import subprocess
import tempfile
from collections.abc import Iterator

from dev.server import ROOT
from tests.bench.figures import Figure


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["make", "deploy", f"ARGS=--dry-run --outdir {folder}"]
        output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout
    found = re.search(r"Total Upload: ([\d.]+) KiB / gzip: ([\d.]+) KiB", output)
    assert found, output[-2000:]
    yield Figure("worker.kib", float(found[1]), "KiB")
    yield Figure("worker.gzip_kib", float(found[2]), "KiB")
