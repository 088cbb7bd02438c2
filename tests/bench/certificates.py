"""One certificate within a batch of fifty, on the interpreter that the Worker runs on, beside plain fpdf2."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dev.server import NODE
from tests.bench.figures import Figure
from tests.bench.mail import pyodide


def figures() -> Iterator[Figure]:
    folder = Path(__file__).parent
    command = [str(NODE), str(folder / "pyodide.mjs"), str(folder / "certificates_in_pyodide.py")]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    measured = json.loads(output.splitlines()[-1])
    yield Figure("certificate.latin_ms", measured["latin_ms"], "ms")
    yield Figure("certificate.shaped_ms", measured["shaped_ms"], "ms")
    yield Figure("certificate.plain_ms", measured["plain_ms"], "ms with plain fpdf2")
    yield Figure("certificate.plain_shaped_ms", measured["plain_shaped_ms"], "ms with plain fpdf2")
    yield Figure("certificate.speedup", measured["plain_ms"] / measured["latin_ms"], "times plain fpdf2")
    yield Figure("certificate.shaped_speedup", measured["plain_shaped_ms"] / measured["shaped_ms"], "times plain fpdf2")
    yield Figure("certificate.kb", measured["bytes"] / 1000, "kB at most")
    yield Figure("certificate.heap_mb", pyodide("heap_in_pyodide.py"), "MB of the 128 that a Worker has")
    yield Figure("certificate.import_seconds", measured["import_seconds"], "s, once an isolate")
