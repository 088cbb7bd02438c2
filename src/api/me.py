"""The button "test connection": who is calling, and does everything a job needs answer.

The promise: this route answers when nothing else does; each check is bounded in time, and a fault is told in words.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

import callback
from api.calls import Call, Operation, answer
from errors import ConfigurationError, CredentialsRejected, OffloadError, SendFailure
from log import log
from providers import provider_for
from store import sites

SECONDS = 20

Check = Callable[[Call], Awaitable[str]]


async def me(call: Call) -> Response:
    checks: dict[str, Check] = {
        "provider": _provider,
        "database": _database,
        "files": _files,
        "queue": _queue,
        "callback": _callback,
    }
    results = dict(zip(checks, await asyncio.gather(*(_run(check, call) for check in checks.values())), strict=True))
    provider = {"name": call.site["provider"], **results.pop("provider")}
    return answer(
        {
            "role": call.caller.role,
            "site": {"id": call.site["id"], "name": call.site["name"]},
            "company": call.scope.company,
            "provider": provider,
            "checks": results,
        }
    )


class _Fault(Exception):
    """What a check found wrong, in words."""


async def _run(check: Check, call: Call) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": await asyncio.wait_for(check(call), SECONDS)}
    except TimeoutError:
        return {"ok": False, "detail": f"no answer within {SECONDS} seconds"}
    except (_Fault, ConfigurationError, SendFailure) as error:
        return {"ok": False, "detail": str(error)}
    except OffloadError as error:
        log("warning", "check failed", site=call.scope.site_id, reason=type(error).__name__)
        return {"ok": False, "detail": "does not answer"}
    except Exception as error:
        log("error", "check broke", site=call.scope.site_id, reason=type(error).__name__)
        return {"ok": False, "detail": "broke in an unexpected way; it has been logged"}


async def _provider(call: Call) -> str:
    try:
        await provider_for(call.site["provider"], call.services, call.scope.site_id).check()
    except CredentialsRejected as error:
        raise _Fault(f"rejects our credentials ({error})") from None
    return "accepts our credentials"


async def _database(call: Call) -> str:
    await call.services.database.all(sites.reachable())
    return "answers"


async def _files(call: Call) -> str:
    await call.services.files.keys(f"{call.scope.site_id}/", 1)
    return "answers"


async def _queue(call: Call) -> str:
    # A message that may always be sent: it asks to deliver what is due, which is nothing new.
    await call.services.callbacks.send([{"site": call.scope.site_id}])
    return "takes messages"


async def _callback(call: Call) -> str:
    if not call.site["callback_url"]:
        return "none is set: events are polled"
    if call.site["callback_off_at"] is not None:
        raise _Fault("switched off, since it answered 410 Gone; set the URL again to switch it on")
    outcome = await callback.ping(call.services, call.site)
    if not outcome.accepted:
        raise _Fault(outcome.error)
    return "answers, and takes in what it is sent"


OPERATIONS = (Operation("GET", "/v1/me", "site", me, "Test the connection and everything behind it", {200: "Me"}),)
