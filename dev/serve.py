"""`make dev`: the Worker on port 8787, its database migrated, one site provisioned, reloading when src/ changes."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable

import httpx

from dev.server import ROOT, LocalRuntime

STATE = ROOT / ".wrangler/state"
PORT = 8787


def main() -> None:
    operator_token = _remembered("operator-token", lambda: secrets.token_urlsafe(32))
    signing_secret = _remembered("signing-secret", lambda: secrets.token_urlsafe(32))
    variables = {"LOCAL": "yes", "OPERATOR_TOKEN": operator_token, "SIGNING_SECRET": signing_secret}
    with LocalRuntime(STATE, variables, port=PORT, reload=True) as runtime:
        site = json.loads(_remembered("site.json", lambda: _provision(runtime.url, operator_token)))
        print(f"Worker           {runtime.url}")
        print(f"Operator token   {operator_token}")
        print(f"Site             {site['id']}")
        print(f"Site token       {site['token']}")
        print(f"Callback secret  {site['callback_secret']}")
        print(f"State and log    {STATE.relative_to(ROOT)}; stop with Ctrl-C", flush=True)
        try:
            _follow(runtime)
        except KeyboardInterrupt:
            print("stopping")


def _remembered(name: str, make: Callable[[], str]) -> str:
    """A secret of this machine, kept beside the state that it opens: both are gone together."""
    file = STATE / name
    if not file.exists():
        value = make()
        STATE.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(value)
    return file.read_text()


def _provision(url: str, operator_token: str) -> str:
    response = httpx.post(
        f"{url}/v1/sites", json={"name": "Local Moodle"}, headers={"authorization": f"Bearer {operator_token}"}
    )
    return response.raise_for_status().text


def _follow(runtime: LocalRuntime) -> None:
    """Shows the runtime's log from here on, until the runtime ends."""
    with runtime.log.open() as log:
        log.seek(0, 2)
        while runtime.alive:
            sys.stderr.write(log.read())
            time.sleep(0.2)


if __name__ == "__main__":
    main()
