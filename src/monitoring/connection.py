"""The button "test connection": does everything that a site's jobs need answer.

The promise: it answers when nothing else does; each check is bounded in time, and a fault is told in words.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from callbacks import posting
from core.errors import ConfigurationError, CredentialsRejected, OffloadError, SendFailure, TransportError
from core.log import log
from providers import provider_for
from runtime.ports import Row
from runtime.services import Services
from store import sites

SECONDS = 20

# gets a row of `sites` with its callback secrets
Check = Callable[[Services, Row], Awaitable[str]]


class Result(NamedTuple):
    ok: bool
    detail: str


class _Fault(Exception):
    """What a check found wrong, in words."""


async def test(services: Services, site: Row) -> dict[str, Result]:
    """What each check of `CHECKS` found."""
    results = await asyncio.gather(*(_run(check, services, site) for check in CHECKS.values()))
    return dict(zip(CHECKS, results, strict=True))


async def _run(check: Check, services: Services, site: Row) -> Result:
    try:
        return Result(True, await asyncio.wait_for(check(services, site), SECONDS))
    except TimeoutError:
        return Result(False, f"no answer within {SECONDS} seconds")
    except (_Fault, ConfigurationError, SendFailure, TransportError) as error:
        return Result(False, str(error))
    except OffloadError as error:
        log("warning", "check failed", site=site["id"], reason=type(error).__name__)
        return Result(False, "does not answer")
    except Exception as error:
        log("error", "check broke", site=site["id"], reason=type(error).__name__)
        return Result(False, "broke in an unexpected way; it has been logged")


async def _provider(services: Services, site: Row) -> str:
    try:
        await provider_for(site["provider"], services, site["id"]).check()
    except CredentialsRejected as error:
        raise _Fault(f"rejects our credentials ({error})") from None
    return "accepts our credentials"


async def _database(services: Services, _site: Row) -> str:
    await services.database.all(sites.reachable())
    return "answers"


async def _files(services: Services, site: Row) -> str:
    await services.files.keys(f"{site['id']}/", 1)
    return "answers"


async def _queue(services: Services, site: Row) -> str:
    # A message that may always be sent: it asks to deliver what is due, which is nothing new.
    await services.callbacks.send([{"site": site["id"]}])
    return "takes messages"


async def _callback(services: Services, site: Row) -> str:
    if not site["callback_url"]:
        return "none is set: events are polled"
    if site["callback_off_at"] is not None:
        raise _Fault("switched off, since it answered 410 Gone; set the URL again to switch it on")
    outcome = await posting.ping(services, site)
    if not outcome.accepted:
        raise _Fault(outcome.error)
    return "answers, and takes in what it is sent"


CHECKS: dict[str, Check] = {
    "provider": _provider,
    "database": _database,
    "files": _files,
    "queue": _queue,
    "callback": _callback,
}
