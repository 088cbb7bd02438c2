"""One version everywhere, and `make release` makes the next one of a clean main or changes nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.version import VERSION
from dev.release import FROZEN
from tests.docs.reading import ROOT, read

NEXT = f"{int(VERSION.partition('.')[0]) + 1}.0.0"
WRITTEN = "## [Unreleased]\n\n- Something new.\n\n## ["


def released(changelog: str) -> list[str]:
    """The versions that it has a section of, newest first."""
    return re.findall(r"^## \[(\d.*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)


def test_every_place_tells_the_one_version() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["version"] == VERSION
    assert released(read("CHANGELOG.md"))[0] == VERSION
    assert [path.name for path in FROZEN.iterdir()] == [f"openapi-{VERSION}.json"]


@dataclass
class Clone:
    """A repository of its own with what a release needs, released nowhere yet."""

    folder: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        nobody = {f"GIT_{who}_{what}": "x@x.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**kept, **nobody, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "As it is")

    def release(self, version: str = NEXT) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "dev.release", version)

    def change(self, name: str, pattern: str, new: str) -> None:
        path = self.folder / name
        text, times = re.subn(pattern, new, path.read_text(), count=1, flags=re.DOTALL)
        assert times == 1
        path.write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    for folder in ("dev", "src", "docs/releases"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / file, tmp_path)
    clone.change("CHANGELOG.md", r"## \[Unreleased\]\n.*?## \[", WRITTEN)
    clone.git("init", "--quiet", "--initial-branch", "main")
    clone.commit()
    return clone


def test_a_release_is_one_tagged_commit_that_tells_its_version_everywhere(clone: Clone) -> None:
    done = clone.release()
    assert done.returncode == 0, done.stderr
    assert "git push --follow-tags" in done.stdout
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("rev-list", "--count", "HEAD") == "2"
    assert clone.git("describe", "--exact-match") == f"v{NEXT}"
    files = clone.git("show", "--name-status", "--no-renames", "--format=", "HEAD").split()
    assert dict(zip(files[1::2], files[::2], strict=True)) == {
        "CHANGELOG.md": "M",
        "pyproject.toml": "M",
        "src/core/version.py": "M",
        f"docs/releases/openapi-{VERSION}.json": "D",
        f"docs/releases/openapi-{NEXT}.json": "A",
    }
    assert f'\nVERSION = "{NEXT}"\n' in (clone.folder / "src/core/version.py").read_text()
    assert tomllib.loads((clone.folder / "pyproject.toml").read_text())["project"]["version"] == NEXT
    changelog = (clone.folder / "CHANGELOG.md").read_text()
    section = f"## [Unreleased]\n\n## [{NEXT}] - {datetime.now(UTC).date()}\n\n- Something new.\n"
    assert section in changelog
    assert released(changelog)[:2] == [NEXT, VERSION]
    frozen = json.loads((clone.folder / f"docs/releases/openapi-{NEXT}.json").read_text())
    assert frozen["info"]["version"] == NEXT
    assert "/v1/jobs" in frozen["paths"]


def off_main(clone: Clone) -> None:
    clone.git("switch", "--quiet", "--create", "other")


def uncommitted(clone: Clone) -> None:
    (clone.folder / "new.txt").write_text("x")


def tagged(clone: Clone) -> None:
    clone.git("tag", f"v{NEXT}")


def nothing_new(clone: Clone) -> None:
    clone.change("CHANGELOG.md", re.escape(WRITTEN), "## [Unreleased]\n\n## [")
    clone.commit()


def broken(clone: Clone) -> None:
    clone.change(f"docs/releases/openapi-{VERSION}.json", '"/v1/me": {', '"/v1/former": {')
    clone.commit()


@pytest.mark.parametrize(
    ("version", "spoil", "told"),
    [
        ("", None, "make release VERSION=1.2.3"),
        ("v2", None, "make release VERSION=1.2.3"),
        (VERSION, None, f"{VERSION} is not after {VERSION}"),
        ("0.0.9", None, "is not after"),
        (NEXT, off_main, "only main"),
        (NEXT, uncommitted, "not committed"),
        (NEXT, tagged, f"a tag v{NEXT} already"),
        (NEXT, nothing_new, "nothing under [Unreleased]"),
        (NEXT, broken, "GET /v1/former: is gone"),
    ],
)
def test_what_cannot_be_released_is_told_and_nothing_is_changed(
    clone: Clone, version: str, spoil: object, told: str
) -> None:
    if callable(spoil):
        spoil(clone)
    before = clone.git("rev-parse", "HEAD"), clone.git("status", "--porcelain"), clone.git("tag")
    done = clone.release(version)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert (clone.git("rev-parse", "HEAD"), clone.git("status", "--porcelain"), clone.git("tag")) == before
