"""The route behind the button "test connection": who is calling, and does everything a job needs answer."""

from starlette.responses import Response

from api.calls import Call, Operation, answer
from core import problems
from core.limits import standing
from core.version import VERSION
from monitoring import connection
from store import kept


async def me(call: Call) -> Response:
    results = {name: result._asdict() for name, result in (await connection.test(call.services, call.site)).items()}
    rows = await call.services.database.all(kept.of(call.scope))
    provider = {"name": call.site["provider"], **results.pop("provider")}
    return answer(
        {
            "version": VERSION,
            "role": call.caller.role,
            "site": {"id": call.site["id"], "name": call.site["name"]},
            "company": call.scope.company,
            "provider": provider,
            "checks": results,
            "limits": standing(call.scope, rows, call.services.settings.limits),
        }
    )


OPERATIONS = (
    Operation(
        "GET",
        "/v1/me",
        "site",
        me,
        "Test the connection and everything behind it",
        {200: "Me"},
        problems=(problems.NOT_CONFIGURED,),
    ),
)
