"""The worst bodies take at most half of an isolate's memory, on the interpreter that the Worker runs on."""

import json
import subprocess

import pytest

from dev.server import NODE, ROOT
from tests.runtime import bodies_in_pyodide

pytestmark = pytest.mark.long
MOST = 64  # MB


def test_no_body_takes_more_than_half_of_an_isolates_memory() -> None:
    command = [str(NODE), str(ROOT / "tests/bench/pyodide.mjs"), bodies_in_pyodide.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    peaks = json.loads(done.stdout.splitlines()[-1])
    assert len(peaks) > 150
    assert {name: peak for name, peak in peaks.items() if peak > MOST} == {}
