"""The route of the certificate designs' JSON Schema, which an editor can check a design by."""

from starlette.responses import Response

from api.calls import Call, Operation, answer


async def schema(call: Call) -> Response:
    from certificates.schema import SCHEMA

    address = str(call.request.url.replace(query="", fragment=""))
    return answer({**SCHEMA, "$id": address}, headers={"Cache-Control": "public, max-age=3600"})


OPERATIONS = (
    Operation(
        "GET",
        "/schemas/certificate-1.json",
        "public",
        schema,
        "The JSON Schema of a certificate's design",
        {200: "Document"},
    ),
)
