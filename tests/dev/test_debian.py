"""Debian's programs come onto a machine where they are missing, or it is said what to do."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from dev import debian

EMPTY = "#!/bin/sh\n"
APT = """#!/bin/sh
echo "$@" >> {machine}/log
case "$*" in *install*) for name in chromium pdftoppm zbarimg php; do
    echo '#!/bin/sh' > {machine}/$name && chmod +x {machine}/$name; done;; esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its programs; there is nothing but `env` and a shell."""
    for tool in ("env", "sh", "chmod"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def program(machine: Path, name: str, script: str = EMPTY) -> None:
    file = machine / name
    file.write_text(script.format(machine=machine))
    file.chmod(0o755)


def asked_of_apt(machine: Path) -> list[str]:
    return [line.partition("Retries=3 ")[2] for line in (machine / "log").read_text().splitlines()]


def test_where_there_is_none_apt_installs_all_once(machine: Path) -> None:
    program(machine, "apt-get", APT)
    debian.main()
    debian.main()
    packages = "chromium fonts-dejavu-core poppler-utils zbar-tools php-cli"
    assert asked_of_apt(machine) == ["update", f"install --no-install-recommends {packages}"]
    assert debian.find("chromium") == str(machine / "chromium")


def test_only_what_is_missing_is_installed(machine: Path) -> None:
    for name in ("google-chrome", "pdftoppm", "php"):
        program(machine, name)
    program(machine, "apt-get", APT)
    debian.main()
    assert asked_of_apt(machine) == ["update", "install --no-install-recommends zbar-tools"]


def test_a_browser_that_is_named_is_used_and_none_is_installed_instead(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pdftoppm", "zbarimg", "php"):
        program(machine, name)
    program(machine, "apt-get", APT)
    monkeypatch.setenv("CHROMIUM", sys.executable)
    debian.main()
    assert debian.find("chromium") == sys.executable
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(debian.NotInstalled, match="/nowhere/chromium"):
        debian.main()
    assert not (machine / "log").exists()


def test_where_apt_is_not_there_or_fails_it_says_what_to_do(machine: Path) -> None:
    for name in ("zbarimg", "php"):
        program(machine, name)
    with pytest.raises(debian.NotInstalled, match=r"(?s)no chromium and no pdftoppm here.*CHROMIUM=/its/path"):
        debian.main()
    program(machine, "apt-get", "#!/bin/sh\necho no network; exit 100\n")
    with pytest.raises(debian.NotInstalled, match=r"(?s)no network.*update failed.*CHROMIUM=/its/path"):
        debian.main()


@pytest.mark.usefixtures("machine")
def test_a_program_that_is_missed_later_is_named() -> None:
    with pytest.raises(debian.NotInstalled, match=r"(?s)no pdffonts here.*--ignore tests/certificates"):
        debian.find("pdffonts")


def test_without_root_it_goes_through_sudo_or_says_so(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program(machine, "apt-get", APT)
    with pytest.raises(debian.NotInstalled):
        debian.main()
    program(machine, "sudo", '#!/bin/sh\nexec "$@"\n')
    debian.main()
    assert debian.find("chromium") == str(machine / "chromium")
