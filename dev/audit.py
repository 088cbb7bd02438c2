"""`make audit`: known vulnerabilities of what the locks name, as osv.dev (Python) and the npm registry know them.

Python's locks are handed to uv in its own format, so that what is locked is asked for and nothing is resolved anew. A
vulnerability fails; a service that cannot be reached is told, and fails only where it is asked to be strict.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from dev.server import ROOT

LOCKS = ROOT / "locks"
PATIENCE = 60  # seconds, each of them
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)", re.MULTILINE)
_INDEX = "https://index.invalid/simple"  # uv wants to be told where a package is from; nothing is asked there


class Skipped(Exception):
    """The service does not answer."""


def main(*, strict: bool = False) -> int:
    audits: dict[str, Callable[[], str]] = {
        f"locks/{lock.name}": lambda lock=lock: python(lock.read_text())  # type: ignore[misc]
        for lock in sorted(LOCKS.glob("*.txt"))
    }
    audits["package-lock.json"] = lambda: npm(ROOT)
    failed = False
    for lock, audit in audits.items():
        try:
            told = audit()
        except Skipped as reason:
            print(f"{lock}: skipped, {reason}")
            failed = failed or strict
            continue
        print(f"{lock}: {told or 'no known vulnerability'}")
        failed = failed or bool(told)
    return int(failed)


def python(pins: str, service: str = "") -> str:
    """What is known of the packages of a lock; empty where nothing is. Raises `Skipped`."""
    with tempfile.TemporaryDirectory() as folder:
        packages = _PIN.findall(pins)
        (Path(folder) / "pyproject.toml").write_text('[project]\nname = "locked"\nversion = "0"\n')
        (Path(folder) / "uv.lock").write_text(_uv_lock(packages))
        command = ["uv", "audit", "--frozen", "--preview-features", "audit-command", "--no-progress"]
        done = _run([*command, *(["--service-url", service] if service else [])], folder)
    said = done.stdout + done.stderr
    if done.returncode not in (0, 1) or f" in {len(packages)} package" not in said:  # it looked at every one
        raise Skipped(_line(said, "error"))
    return said if done.returncode else ""


def npm(folder: Path, registry: str = "") -> str:
    """The same of a package-lock.json."""
    command = ["npm", "audit", "--json", *([f"--registry={registry}"] if registry else [])]
    done = _run(command, str(folder))
    try:
        vulnerabilities = json.loads(done.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        raise Skipped(_line(done.stderr, r"npm (error|warn audit)")) from None
    return "\n".join(
        f"{name} {each['range']}: {_titles(each['via'])}" for name, each in sorted(vulnerabilities.items())
    )


def _uv_lock(packages: Iterable[tuple[str, str]]) -> str:
    pinned = [
        (f'name = "{name}"', f'version = "{version}"', f'source = {{ registry = "{_INDEX}" }}')
        for name, version in packages
    ]
    needs = "".join(f"    {{ {', '.join(pin)} }},\n" for pin in pinned)
    root = ('name = "locked"', 'version = "0"', 'source = { virtual = "." }', f"dependencies = [\n{needs}]")
    entries = ["\n".join(("[[package]]", *lines)) for lines in (*pinned, root)]
    return "\n\n".join(("version = 1", 'requires-python = ">=3.11"', *entries)) + "\n"


def _titles(via: Iterable[object]) -> str:
    return "; ".join(str(each["title"]) if isinstance(each, dict) else f"through {each}" for each in via)


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "20", "npm_config_fetch_retries": "0"}
    environment["PATH"] = f"{ROOT / '.venv/bin'}:{environment.get('PATH', '')}"
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Skipped(f"{command[0]} does not end within {PATIENCE} s") from None


def _line(text: str, start: str) -> str:
    """The first that starts like this, without the address of a registry."""
    found = next((line for line in text.splitlines() if re.match(start, line)), text[:200].strip() or "without a word")
    return re.sub(r"https?://[^\s)]+", "…", found)


if __name__ == "__main__":
    sys.exit(main(strict="--strict" in sys.argv[1:]))
