"""`make release VERSION=1.2.3`: one commit and its tag, from a clean main; pushing is left to whoever ran it.

The promise: everything is checked before anything is written. The version is set where it stands, what derives from it
follows, what is unreleased in the changelog becomes the release's section, and the API's description is frozen, so that
`tests/dev/test_compatibility.py` holds the next versions to it.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dev.compatibility import breaks
from dev.server import ROOT

CHANGELOG, PACKAGE, VERSION = ROOT / "CHANGELOG.md", ROOT / "pyproject.toml", ROOT / "src/core/version.py"
FROZEN = ROOT / "docs/releases"

_UNRELEASED = re.compile(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_DESCRIBE = "import json, api.openapi, api.routes; print(json.dumps(api.openapi.build(api.routes.OPERATIONS)))"


class Refused(Exception):
    """It cannot be released as it is."""


def main(arguments: list[str]) -> int:
    try:
        release(arguments[0] if arguments else "")
    except Refused as reason:
        print(f"Not released: {reason}", file=sys.stderr)
        return 1
    return 0


def release(version: str) -> None:
    check(version)
    today = datetime.now(UTC).date()
    _rewrite(VERSION, lambda text: re.sub(r'(?<=^VERSION = ").*(?="$)', version, text, flags=re.MULTILINE))
    _rewrite(PACKAGE, lambda text: re.sub(r'(?<=^version = ").*(?="$)', version, text, count=1, flags=re.MULTILINE))
    _rewrite(CHANGELOG, lambda text: text.replace("[Unreleased]", f"[Unreleased]\n\n## [{version}] - {today}", 1))
    for last in FROZEN.glob("openapi-*.json"):
        last.unlink()  # it stays in its own release's commit
    (FROZEN / f"openapi-{version}.json").write_text(json.dumps(description(), indent=2, ensure_ascii=False) + "\n")
    _git("add", "--all")
    _git("commit", "--quiet", "--message", f"Version {version}")
    _git("tag", "--annotate", f"v{version}", "--message", f"Version {version}")
    print(f"Version {version} is committed and tagged. Look at `git show`, then: git push --follow-tags")


def check(version: str) -> None:
    """Raises `Refused`, with what to do about it."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise Refused("say which, as in make release VERSION=1.2.3")
    now = description()
    current = str(now["info"]["version"])
    if _number(version) <= _number(current):
        raise Refused(f"{version} is not after {current}, which this is already")
    if _git("branch", "--show-current") != "main":
        raise Refused("only main is released")
    if _git("status", "--porcelain"):
        raise Refused("there are changes that are not committed")
    if _git("tag", "--list", f"v{version}"):
        raise Refused(f"there is a tag v{version} already")
    unreleased = _UNRELEASED.search(CHANGELOG.read_text("utf-8"))
    if not unreleased or not unreleased[1].strip():
        raise Refused("CHANGELOG.md has nothing under [Unreleased]")
    if broken := breaks(last_description(), now):
        raise Refused("\n  ".join(["clients of the last release would break:", *broken]))


def description() -> dict[str, Any]:
    """The API's, of the source as it stands now."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    found: dict[str, Any] = json.loads(_output([sys.executable, "-c", _DESCRIBE], environment))
    return found


def last_description() -> dict[str, Any]:
    """The one that was frozen with the last release."""
    [frozen] = FROZEN.glob("openapi-*.json")
    found: dict[str, Any] = json.loads(frozen.read_text("utf-8"))
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _rewrite(path: Any, change: Callable[[str], str]) -> None:
    text = path.read_text("utf-8")
    changed = change(text)
    if changed == text:
        raise Refused(f"{path.name} has no place for the version")
    path.write_text(changed, "utf-8")


def _git(*arguments: str) -> str:
    return _output(["git", *arguments], dict(os.environ)).strip()


def _output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Refused(f"{' '.join(command[:2])} failed:\n{done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
