"""The standard library of the Worker's interpreter, which is not that of these tests, does what the code relies on.

One Pyodide answers all of it. Where the two differ, the Worker's answer is the one that counts, and the other is told.
"""

import json
import subprocess
from typing import Any

import pytest

from dev.server import NODE, ROOT
from tests.runtime import interpreters
from tests.runtime.interpreters import ASKED

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def worker() -> Any:
    command = [str(NODE), str(ROOT / "tests/bench/pyodide.mjs"), interpreters.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_the_workers_interpreter_that_is_asked(worker: Any) -> None:
    assert worker["version"].startswith("3.14.")


@pytest.mark.parametrize("name", ASKED)
def test_on_the_worker(worker: Any, name: str) -> None:
    rows = zip(ASKED[name][1], worker["answers"][name], strict=True)
    assert [(row.given, answer) for row, answer in rows if answer != row.expected] == []


@pytest.mark.parametrize("name", ASKED)
def test_here(name: str) -> None:
    rows = zip(ASKED[name][1], interpreters.answers(name), strict=True)
    assert [(row.given, answer) for row, answer in rows if answer not in (row.expected, row.older)] == []
