"""How Chromium comes onto a machine."""

import os
import sys
from pathlib import Path

import pytest

from dev import chromium

APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in *install*) printf '#!/bin/sh\\n' > {browser} && chmod +x {browser};; esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its programs; there is nothing but `env` and a shell."""
    for program in ("env", "sh", "chmod"):
        (tmp_path / program).symlink_to(
            f"/bin/{program}" if Path(f"/bin/{program}").exists() else f"/usr/bin/{program}"
        )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def program(machine: Path, name: str, script: str) -> Path:
    file = machine / name
    file.write_text(script)
    file.chmod(0o755)
    return file


def test_where_there_is_none_apt_installs_it_once(machine: Path) -> None:
    log = machine / "log"
    program(machine, "apt-get", APT.format(log=log, browser=machine / "chromium"))
    chromium.main()
    chromium.main()
    update, install = log.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install --no-install-recommends chromium fonts-dejavu-core")
    assert chromium.find() == str(machine / "chromium")


def test_a_browser_that_is_named_is_used_and_none_is_installed_instead(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", sys.executable)
    chromium.main()
    assert chromium.find() == sys.executable
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    program(machine, "apt-get", APT.format(log=machine / "log", browser=machine / "chromium"))
    with pytest.raises(chromium.NoBrowser, match="/nowhere/chromium"):
        chromium.main()
    assert not (machine / "log").exists()


def test_where_apt_is_not_there_or_fails_it_says_what_to_do(machine: Path) -> None:
    with pytest.raises(chromium.NoBrowser, match="CHROMIUM=/its/path"):
        chromium.main()
    program(machine, "apt-get", "#!/bin/sh\necho no network; exit 100\n")
    with pytest.raises(chromium.NoBrowser, match=r"(?s)no network.*update failed.*CHROMIUM=/its/path"):
        chromium.main()


def test_without_root_it_goes_through_sudo_or_says_so(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program(machine, "apt-get", APT.format(log=machine / "log", browser=machine / "chromium"))
    with pytest.raises(chromium.NoBrowser):
        chromium.main()
    program(machine, "sudo", '#!/bin/sh\nexec "$@"\n')
    chromium.main()
    assert chromium.find() == str(machine / "chromium")
