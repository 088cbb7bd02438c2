"""Debian's programs for tests: `python -m dev.debian` installs the packages of those that are not there.

The promise: nothing is downloaded but from the machine's own package sources, and nothing at all where everything is
there already. `CHROMIUM` names a browser to use instead.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = {
    "chromium": ("chromium", "fonts-dejavu-core"),  # a bare container has no font at all
    "pdftoppm": ("poppler-utils",),  # with pdffonts and pdftotext
    "zbarimg": ("zbar-tools",),
    "php": ("php-cli",),
}
NAMES = {"chromium": ("chromium", "google-chrome", "google-chrome-stable")}
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Acquire::Retries=3")
NONE = """There is no {} here. Install Chromium or Chrome (or say where one is with CHROMIUM=/its/path),
the utilities of poppler and zbar, and PHP. Without them, all other tests run with:
.venv/bin/python -m pytest --ignore tests/browser --ignore tests/certificates"""


class NotInstalled(Exception):
    pass


def find(program: str) -> str:
    """The path of the program to use. Raises `NotInstalled`."""
    named = _named(program)
    for name in (named,) if named else NAMES.get(program, (program,)):
        if found := shutil.which(name):
            return found
    raise NotInstalled(f"CHROMIUM is {named}, and there is no such program." if named else NONE.format(program))


def _named(program: str) -> str | None:
    return os.environ.get("CHROMIUM") if program == "chromium" else None


def _is_there(program: str) -> bool:
    return any(map(shutil.which, NAMES.get(program, (program,))))


def install(programs: list[str]) -> None:
    """By apt, as root or through sudo. Raises `NotInstalled` where that cannot be."""
    none = NONE.format(" and no ".join(programs))
    sudo = () if os.geteuid() == 0 else ("sudo",)
    if not all(shutil.which(needed) for needed in (*sudo, "apt-get")):
        raise NotInstalled(none)
    packages = [package for program in programs for package in PACKAGES[program]]
    print(f"Installing {' and '.join(packages)} by apt", flush=True)
    for words in (("update",), ("install", "--no-install-recommends", *packages)):
        command = (*sudo, *APT, *words)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"{done.stdout}\n{' '.join(command)} failed. {none}")


def main() -> None:
    if missing := [program for program in PACKAGES if not _named(program) and not _is_there(program)]:
        install(missing)
    for program in PACKAGES:
        find(program)


if __name__ == "__main__":
    try:
        main()
    except NotInstalled as error:
        sys.exit(str(error))
