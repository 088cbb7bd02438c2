"""Every sample of code on a page runs in its own language: what is right passes, what is wrong in any way does not."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.moodle import Moodle
from tests.docs.reading import PAGES, blocks, read
from tests.docs.test_examples import CALLBACKS, vector

# Each with what runs it: a page in another language needs a test of its own first.
LANGUAGES = {
    "": "shown text",
    "bash": "test_examples, test_rotation, and here",
    "json": "test_examples, and here",
    "mermaid": "test_tables",
    "ndjson": "test_examples",
    "php": "here",
    "sql": "test_examples",
    "yaml": "here",
}


def test_no_page_has_a_sample_that_nothing_runs() -> None:
    found = {block.language for page in PAGES for block in blocks(page.read_text())}
    assert found == LANGUAGES.keys()
    assert [page.name for page in PAGES if blocks(page.read_text(), "sql")] == ["operations.md"]


def test_every_sample_can_be_read() -> None:
    for page in PAGES:
        for language, block in blocks(page.read_text()):
            if language == "bash":
                done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{page.name}: {done.stderr}"
            elif language == "json":
                json.loads(block)
            elif language == "yaml":
                assert yaml.safe_load(block)


# signatures

SECRET = vector()["secret"]
NOW = int(vector()["timestamp"])


def given(now: int = NOW, secret: str = SECRET, **changed: str) -> dict[str, Any]:
    """What came: the page's vector, but for this."""
    parts = {**vector(), **changed}
    headers = {f"webhook-{name}": parts[name] for name in ("id", "timestamp", "signature")}
    return {"headers": headers, "body": parts["body"], "secret": secret, "now": now}


def signed(key: bytes, **changed: str) -> str:
    parts = {**vector(), **changed}
    content = f"{parts['id']}.{parts['timestamp']}.{parts['body']}".encode()
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def encoded(length: int) -> str:
    return base64.b64encode(bytes(range(length))).decode()


KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
GENUINE = vector()["signature"]
RIGHT = [
    given(),
    given(now=NOW + 300),
    given(now=NOW - 300),
    given(signature=f"v1,AAAA {GENUINE}"),
    given(signature=f"{GENUINE} v1,AAAA"),
    given(signature=f"v2,x {GENUINE}"),
    given(secret="whsec_" + encoded(24), signature=signed(bytes(range(24)))),
    given(secret="whsec_" + encoded(64), signature=signed(bytes(range(64)))),
    given(body="ü\n\x00", signature=signed(KEY, body="ü\n\x00")),
]
WRONG = [
    # the clock
    given(now=NOW + 301),
    given(now=NOW - 301),
    *(given(timestamp=text, signature=signed(KEY, timestamp=text)) for text in ("", "x", "-1", "1", "1e9", "9" * 40)),
    *(
        given(timestamp=text, signature=signed(KEY, timestamp=text))
        for text in (f"+{NOW}", f" {NOW}", f"{NOW}\n", f"{NOW}.0")
    ),
    # who it is from and what it says
    given(timestamp=str(NOW + 1)),
    given(id="evt_other"),
    given(id=""),
    given(id="", signature=signed(KEY, id="")),
    given(body="{}"),
    given(body=vector()["body"] + " "),
    given(body=""),
    given(signature=""),
    given(signature="v1,"),
    given(signature=GENUINE.removeprefix("v1,")),
    given(signature="v2," + GENUINE.removeprefix("v1,")),
    given(signature=GENUINE[:-1]),
    given(signature=GENUINE + "A"),
    given(signature=GENUINE.lower()),
    given(secret="whsec_" + encoded(32)[::-1].strip("=")),
    {**given(), "headers": {}},
]
CUT = "whsec_" + encoded(32)[:10] + "*" + encoded(32)[11:]
BAD_SECRETS = [
    *("", "whsec_", "whsec", "WHSEC_" + encoded(32), encoded(32), "whpk_" + encoded(32), " " + SECRET),
    *(
        "whsec_!!!!",
        "whsec_====",
        "whsec_\n",
        "whsec_*" + encoded(32),
        CUT,
    ),
    *("whsec_" + encoded(1), "whsec_" + encoded(23), "whsec_" + encoded(65), "whsec_-_-_" + encoded(24), "whsec_ü"),
]


def forged(secret: str, **changed: str) -> Iterator[dict[str, Any]]:
    """What anybody can sign with, where such a secret makes a key that they know."""
    bare = secret.partition("_")[2] or secret
    kept = "".join(
        character for character in bare if character.isascii() and (character.isalnum() or character in "+/")
    )
    keys = {b"", secret.encode(), bare.encode(), base64.b64decode(kept[: len(kept) // 4 * 4])}
    for key in sorted(keys):
        yield given(NOW, secret, signature=signed(key, **changed), **changed)


FORGED = [each for secret in BAD_SECRETS for each in forged(secret)]


@pytest.mark.skipif(not shutil.which("php"), reason="there is no PHP here: `make debian` installs it")
def test_the_php_on_the_page_verifies_what_is_right_and_nothing_else(tmp_path: Path) -> None:
    script = tmp_path / "verify.php"
    [snippet] = blocks(CALLBACKS, "php")
    script.write_text(
        "<?php\ndeclare(strict_types=1);\nerror_reporting(E_ALL);\n"
        "set_error_handler(function ($number, $words) { throw new Exception($words); });\n"
        f"{snippet.text}\nforeach (json_decode(stream_get_contents(STDIN), true) as $given) {{\n"
        "echo offload_verified($given['headers'], $given['body'], $given['secret'], $given['now']) ? 'y' : 'n'; }"
    )
    cases = [*RIGHT, *WRONG, *FORGED]
    done = subprocess.run(
        ["php", str(script)], input=json.dumps(cases), capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, len(done.stdout)) == (0, len(cases)), done.stdout + done.stderr
    taken = [case for case, answer in zip(cases, done.stdout, strict=True) if answer == "y"]
    assert taken == RIGHT


def test_the_receiver_that_the_page_names_believes_no_secret_that_anybody_can_guess() -> None:
    assert "`dev/moodle.py`" in read("docs/callbacks.md")
    now = str(int(time.time()))
    with Moodle() as moodle:
        for secret in BAD_SECRETS:
            moodle.secret = secret
            for case in forged(secret, timestamp=now):
                assert not moodle.verifies(case["headers"], case["body"].encode()), secret
        moodle.secret = SECRET
        right = given(timestamp=now, signature=signed(KEY, timestamp=now))
        assert moodle.verifies(right["headers"], right["body"].encode())
