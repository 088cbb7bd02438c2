"""Where the providers post what became of mails. Nobody signs in here: each request is signed by its provider.

The promise: what is not signed costs little. Networks are counted before anything is read, headers are looked at before
the body, and the signature before its content, where the provider signs so.
"""

from starlette.responses import Response

from api.bodies import JSON, MAX_EVENTS_BYTES, read_bytes
from api.calls import Call, Operation, answer
from core import problems
from core.errors import ConfigurationError, DeliveryEventRefused, EventMalformed, EventUnproven
from core.log import log
from core.problems import Fault, Problem
from delivery_events import SOURCES, outcomes
from delivery_events.base import Notice
from runtime import rate_limit


async def take(call: Call) -> Response:
    name = call.path("provider")
    if name not in SOURCES:
        raise Problem(problems.UNKNOWN_PROVIDER, f"Events are taken from {', '.join(SOURCES)}.")
    await rate_limit.check(call.services.event_limit, "event", call.address)
    try:
        source = SOURCES[name](call.services)
        source.check_headers(call.request.headers)
        notice = await source.read(call.request.headers, await read_bytes(call.request, MAX_EVENTS_BYTES))
    except ConfigurationError as error:
        log("error", "delivery events refused", reason=f"{name}:{error.setting}")
        raise Problem(
            problems.NO_EVENTS, f"The setting {error.setting} {error.detail}.", [Fault(error.setting, error.detail)]
        ) from None
    except DeliveryEventRefused as refusal:
        code = refusal.code if isinstance(refusal, EventUnproven) else "malformed"
        log("warning", "delivery events refused", reason=f"{name}:{code}")
        if isinstance(refusal, EventMalformed) and refusal.token:
            await outcomes.apply(call.services, Notice([], refusal.token))
        raise
    return answer({"taken": len(await outcomes.apply(call.services, notice))})


OPERATIONS = (
    Operation(
        "POST",
        "/v1/events/{provider}",
        "public",
        take,
        "What became of mails, signed by their provider",
        {200: "EventsTaken"},
        bodies={JSON: "ProviderEvents", "text/plain": "ProviderEvents"},
        problems=(
            problems.UNPROVEN_EVENT,
            problems.NO_EVENTS,
            problems.UNKNOWN_PROVIDER,
            problems.RATE_LIMITED,
            problems.UNAVAILABLE,
            problems.UNCERTAIN,
        ),
    ),
)
