"""Where the service's address and the tokens come from: a flag, the environment, the configuration file.

The promise: the file holds secrets, so only its owner can read it, from the moment it exists.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cli.errors import BadInput

# each setting, and the variable that comes before it
VARIABLES = {"url": "OFFLOAD_URL", "token": "OFFLOAD_TOKEN", "operator_token": "OFFLOAD_OPERATOR_TOKEN"}


def file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME", "")
    # the XDG specification: a relative path is to be ignored
    base = Path(home) if os.path.isabs(home) else Path.home() / ".config"
    return base / "offload" / "config.toml"


def load() -> dict[str, str]:
    path = file()
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}  # a home of /dev/null is common for services
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    for name, value in values.items():
        if name not in VARIABLES or not isinstance(value, str):
            raise BadInput(f"{path}: '{name}' is not a setting; there are {', '.join(VARIABLES)}, each a text")
    return values


def save(values: Mapping[str, str]) -> Path:
    """Replaces the file in one step."""
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    # a JSON string is a TOML string, as long as it is not escaped to ASCII
    text = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(path)
    return path


def exposed() -> bool:
    """Whether others on this machine can read the file."""
    path = file()
    return os.name == "posix" and path.exists() and bool(path.stat().st_mode & 0o077)


def resolve(name: str, given: str | None) -> str:
    """The value: `given` (a flag or its variable), else the file's. Raises `BadInput` where there is neither."""
    value = given or load().get(name)
    if value:
        return value
    flag = "--url" if name == "url" else "--token"
    raise BadInput(
        f"no {name.replace('_', ' ')} is set",
        hint=f"Give {flag}, set {VARIABLES[name]}, or keep it once and for all: offload config --help",
    )


def address(url: str) -> str:
    """`url` without a trailing slash, or `BadInput`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        _ = parts.port  # raises where it is no number
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(f"'{url}' is not the address of a service; it looks like https://offload.example.org")
    return url.rstrip("/")


def in_force(kept: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each setting's value, and where it comes from; both empty where it is not set."""
    found = {}
    for name, variable in VARIABLES.items():
        if value := os.environ.get(variable):
            found[name] = (value, f"from {variable}")
        else:
            found[name] = (kept.get(name, ""), f"from {file()}" if name in kept else "")
    return found
