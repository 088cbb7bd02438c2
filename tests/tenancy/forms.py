"""Each form of the console that changes something, filled so that it is taken: for tests that try every one."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from console.routes import PAGES
from console.sessions import COOKIE
from tests.tenancy.looker import form_token
from tests.tenancy.references import parameters
from tests.tenancy.test_console_walk import IN_PATH
from tests.worlds.api import MESSAGE, person
from tests.worlds.town import Fresh, Town

JOB = {"kind": "email", "message": MESSAGE, "recipients": [person(1)]}

# Forms that change nothing: they ask before something is done, or look.
UNAUDITED = {
    "/console/jobs/{job}/people/choose": "asks before people are tried again or resolved",
    "/console/dead-letters/choose": "asks before letters are moved",
    "/console/suppressions/find": "looks, by a form so that no address of a page names anybody",
    "/console/suppressions/ask-release": "asks",
    "/console/privacy/find": "counts",
    "/console/privacy/ask-erase": "asks",
    "/console/health/{site}": "tests the connection, and changes nothing",
}


@dataclass(frozen=True)
class Form:
    """`fields`, in which `{mark}` stands for words that anybody may type there, and other names for the tenant's ids. A
    job of its own is taken through `moves` before; `sql` is run before; `ids` stand in the address."""

    fields: tuple[tuple[str, str], ...] = ()
    caller: str = "company x"
    moves: tuple[str, ...] | None = None
    sql: str = ""
    ids: tuple[tuple[str, str], ...] = ()


_FAILED = (("job", "failed job"),)
_SITE_FIELDS = (
    *(("name", "{mark}"), ("provider", "sandbox"), ("send_rate", "5"), ("from_email", "{mark}@a.example")),
    *(("from_name", "{mark}"), ("senders", "{mark}@a.example a.example"), ("daily_quota", "9")),
    *(("failure_limit", "0.3"), ("callback_url", "https://a.example/{mark}"), ("callback_success", "2xx")),
)
FORMS: dict[str, Form] = {
    "/console/jobs/{job}/start": Form(moves=()),
    "/console/jobs/{job}/pause": Form(moves=("start",)),
    "/console/jobs/{job}/resume": Form(moves=("start", "pause")),
    "/console/jobs/{job}/cancel": Form(moves=("start",)),
    "/console/jobs/{job}/hand-back": Form(moves=("start",)),
    "/console/jobs/{job}/retry": Form((("state", "failed"), ("reason", "{mark}"), ("position", "0")), ids=_FAILED),
    "/console/jobs/{job}/resolve": Form(
        (("reason", "{mark}"), ("position", "0")), ids=_FAILED, sql="UPDATE recipients SET state = 'uncertain'"
    ),
    "/console/certificates/{code}/revoke": Form((("reason", "{mark}"),)),
    "/console/certificates/{code}/reissue": Form((("name", "{mark}"), ("variable-course", "{mark}"))),
    "/console/dead-letters/redrive": Form((("letter", "{letter}"),)),
    "/console/dead-letters/discard": Form((("letter", "{letter}"),)),
    "/console/callbacks/replay": Form(
        (("site", "{site}"), ("state", "dead"), ("since", "2020-01-01T00:00")),
        sql="UPDATE callbacks SET state = 'dead'",
    ),
    "/console/callbacks/{event}/replay": Form(sql="UPDATE callbacks SET state = 'dead'"),
    "/console/suppressions": Form(
        (("site", "{site}"), ("addresses", "{email},manual,news,{mark}"), ("company", "{company}"))
    ),
    "/console/suppressions/release": Form(
        (
            *(("site", "{site}"), ("email", "{stopped}"), ("company", "{company}"), ("category", "")),
            ("note", "{mark}"),
        ),
        sql="UPDATE suppressions SET reason = 'complaint'",
    ),
    "/console/sites": Form(_SITE_FIELDS, "operator"),
    "/console/sites/{site}/change": Form(_SITE_FIELDS, "operator"),
    "/console/sites/{site}/retention": Form(
        (("keep_people_days", "9"), ("keep_certificate_years", "9")), caller="operator"
    ),
    "/console/sites/{site}/callbacks-on": Form(caller="operator", sql="UPDATE sites SET callback_off_at = 1"),
    "/console/sites/{site}/rotate-callback-secret": Form(caller="operator"),
    "/console/sites/{site}/disable": Form(caller="operator"),
    "/console/sites/{site}/enable": Form(caller="operator", sql="UPDATE sites SET disabled_at = 1"),
    "/console/sites/{site}/tokens": Form((("name", "{mark}"), ("company", "{mark}")), caller="operator"),
    "/console/sites/{site}/tokens/{token}/rotate": Form(caller="operator"),
    "/console/sites/{site}/tokens/{token}/revoke": Form(caller="operator"),
    "/console/sites/{site}/company": Form(
        (
            *(("company", "{company}"), ("reply_to_email", "{mark}@people.example"), ("reply_to_name", "{mark}")),
            *(("logo", "https://a.example/{mark}"), ("colour", "#000000")),
        )
    ),
    "/console/sites/{site}/company/delete": Form((("company", "{company}"),), caller="site a"),
    "/console/users": Form(
        (("email", "{mark}@staff.example"), ("role", "company"), ("site", "{site}"), ("company", "{mark}")), "operator"
    ),
    "/console/users/{email}/remove": Form(
        caller="operator",
        sql="INSERT INTO console_users (email, role, created_at) VALUES ('somebody@staff.example', 'operator', 1)",
    ),
    "/console/privacy/export": Form((("site", "{site}"), ("ref", "{ref}"), ("email", "{email}"))),
    "/console/privacy/erase": Form((("site", "{site}"), ("ref", "{ref}"), ("email", "{email}"))),
    "/console/sign-in": Form(caller="nobody"),
    "/console/sign-out": Form(),
}


def changing() -> set[str]:
    return {page.path for page in PAGES if page.method == "POST"}


async def send(town: Town, fresh: Fresh, path: str, mark: Callable[[str], str] = str) -> None:
    """The form at this address, by its caller; `mark`: what is typed into a field."""
    form, own = FORMS[path], town.tenants["x"]
    ids = {name: own.ids[dict(form.ids).get(name, IN_PATH[name])] for name in parameters(path) if name != "email"}
    ids |= {"email": "somebody@staff.example"} if "email" in parameters(path) else {}
    async with fresh.http(own.token) as client:
        if form.moves is not None:
            ids["job"] = (await client.post("/v1/jobs", json=JOB)).json()["id"]
            for move in form.moves:
                assert (await client.post(f"/v1/jobs/{ids['job']}/{move}")).status_code == 200
    if form.sql:
        fresh.database.query(form.sql)
    fresh.database.transactions_asked.clear()
    address = path.format(**{name: quote(id, safe="") for name, id in ids.items()})
    fields = {name: value.format(mark=mark(name), **own.ids) for name, value in form.fields}
    async with fresh.http(None) as client:
        if path == "/console/sign-in":
            shown = await client.get(path)
            csrf = shown.text.partition('name="csrf" value="')[2].partition('"')[0]
            fields, headers = {"csrf": csrf, "secret": own.token, "next": ""}, {}
        else:
            cookie = town.cookies[form.caller]
            fields, headers = fields | {"csrf": form_token(cookie)}, {"Cookie": f"{COOKIE}={cookie}"}
        response = await client.post(address, data=fields, headers=headers)
    assert response.status_code in (200, 303), response.text
