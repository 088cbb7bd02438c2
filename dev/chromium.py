"""Chromium for the browser tests: `python -m dev.chromium` installs Debian's package where there is none.

The promise: nothing is downloaded but from the machine's own package sources, and nothing at all where a browser is
there already. `CHROMIUM` names one to use instead.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")  # a bare container has no font at all
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Acquire::Retries=3")
NONE = """There is no Chromium here. Install Chromium or Chrome, or say where one is with CHROMIUM=/its/path.
Without one, all other tests run with: .venv/bin/python -m pytest --ignore tests/browser"""


class NoBrowser(Exception):
    pass


def find() -> str:
    """The path of the browser to use. Raises `NoBrowser`."""
    named = os.environ.get("CHROMIUM")
    for name in (named,) if named else NAMES:
        if found := shutil.which(name):
            return found
    raise NoBrowser(f"CHROMIUM is {named}, and there is no such program." if named else NONE)


def install() -> None:
    """By apt, as root or through sudo. Raises `NoBrowser` where that cannot be."""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    if not all(shutil.which(program) for program in (*sudo, "apt-get")):
        raise NoBrowser(NONE)
    print(f"Installing {' and '.join(PACKAGES)} by apt", flush=True)
    for words in (("update",), ("install", "--no-install-recommends", *PACKAGES)):
        command = (*sudo, *APT, *words)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise NoBrowser(f"{done.stdout}\n{' '.join(command)} failed. {NONE}")


def main() -> None:
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, NAMES)):
        install()
    find()


if __name__ == "__main__":
    try:
        main()
    except NoBrowser as error:
        sys.exit(str(error))
