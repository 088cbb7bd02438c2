"""The workerd that is installed still says what `runtime/words.py` reads: its own words, not Node's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConnectionFailed, ResponseLost
from dev.server import NODE, ROOT
from runtime import words

FETCHED = {
    "invalid": (ConnectionFailed, "the address is no valid URL"),
    "relative": (ConnectionFailed, "the address is no valid URL"),
    "scheme": (ConnectionFailed, "the address is neither http nor https"),
    # the same words before and after the request has left
    "refused": (ResponseLost, "the connection was lost, or did not come about"),
    "dropped": (ResponseLost, "the connection was lost, or did not come about"),
    "unknown": (ResponseLost, "perhaps the host is not known, or its certificate is not valid"),
    "untrusted": (ResponseLost, "perhaps the host is not known, or its certificate is not valid"),
    "late": (ResponseLost, "no answer in time"),
}
OURS = ("syntax", "missing", "null", "twice", "json", "unbound", "empty", "forbidden", "many")


@pytest.fixture(scope="module")
def said() -> Any:
    command = [str(NODE), str(Path(__file__).with_name("words.mjs"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("what", FETCHED)
def test_what_its_fetch_throws(said: Any, what: str) -> None:
    kind, told = FETCHED[what]
    trouble = words.of_fetch(said["fetched"][what])
    assert (type(trouble), told in str(trouble)) == (kind, True), said["fetched"][what]


@pytest.mark.parametrize("what", OURS)
def test_a_wrong_statement_is_ours(said: Any, what: str) -> None:
    assert said["ran"][what]
    assert words.of_database(said["ran"][what]) is None, said["ran"][what]
