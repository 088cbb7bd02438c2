"""One request to the console as a page's function sees it, and what it can answer with.

The promise: a form counts only with the token of the session that it was shown in; a page sees no more than its
caller's scope.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.arriving import pieces
from api.calls import Call
from console import words
from core import signing
from core.problems import FORBIDDEN, MALFORMED, TOO_LARGE, UNKNOWN_SITE, Problem
from core.scope import Scope
from runtime.ports import Row
from store import sites

SAID = "__Host-offload-said"  # what the last action did, for the next page
LONGEST_FORM = 2_000_000  # bytes: a list of addresses to suppress, pasted
LONGEST_OF_GUESTS = 16_000
BYTES_A_FIELD = 200  # on the average, so that a form of guests has few
MOST_SITES = 1_000  # in a list to choose from
_BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")  # no browser sends that, and each is slow to find out about
_FORM = "application/x-www-form-urlencoded"
# what a form's token is signed for: a guest's is worth nothing in a session
_OF_GUESTS, _OF_SESSIONS = "console-guest-form", "console-form"


@dataclass(frozen=True)
class Visit(Call):
    """`key`: a secret of the session, or of a guest, that its forms are signed with. `fields`: of the posted form."""

    key: str
    fields: Mapping[str, Sequence[str]]

    @property
    def sees_all(self) -> bool:
        """Whether the caller's scope is the whole deployment."""
        return self.caller.scope is None

    @property
    def section(self) -> str:
        """The first part of the address under /console."""
        return self.request.url.path.removeprefix("/console").strip("/").partition("/")[0]

    @property
    def form_token(self) -> str:
        purpose = _OF_GUESTS if self.caller.role == "public" else _OF_SESSIONS
        return signing.signature(self.services.settings.signing_secret, purpose, self.key.encode()).hex()

    def check_form(self) -> None:
        """Raises a `Problem` where the form was not shown in this session."""
        if not hmac.compare_digest(self.field("csrf").encode(), self.form_token.encode()):
            raise Problem(FORBIDDEN, "This form is not of your session. Open its page again. Nothing was changed.")

    def field(self, name: str) -> str:
        """A field's first value, trimmed; empty where it was not filled."""
        return next(iter(self.fields.get(name, ())), "").strip()

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def here(self, **changes: str | None) -> str:
        """This address with other query parameters: for the next page of a list."""
        kept = {**self.request.query_params, **changes}
        return f"{self.request.url.path}?{urlencode({name: value for name, value in kept.items() if value})}"

    def at_site(self, site_id: str) -> "Visit":
        """The same visit within one site, which the caller's scope holds: what a site's own functions ask for."""
        assert self.caller.scope is None or self.caller.scope.site_id == site_id
        scope = self.caller.scope or Scope(site_id)
        return replace(self, caller=replace(self.caller, scope=scope))

    async def site_row(self, site_id: str) -> Row:
        """The site, if the caller may see it. Raises a `Problem` where they may not."""
        rows: list[Row] = []
        if self.caller.scope is None or self.caller.scope.site_id == site_id:
            rows = await self.services.database.all(sites.find(site_id))
        if not rows:
            raise Problem(UNKNOWN_SITE, "There is no such site.")
        return rows[0]

    async def sites(self) -> list[Row]:
        """Those that the caller sees."""
        scope = self.caller.scope
        wanted = sites.find(scope.site_id) if scope else sites.page((0, ""), MOST_SITES)
        return await self.services.database.all(wanted)

    def done(self, message: str, path: str) -> Response:
        """Show `path` next, and on it what was done."""
        response = RedirectResponse(path, 303)
        kept = words.packed(message)
        response.set_cookie(SAID, kept, max_age=60, path="/", secure=True, httponly=True, samesite="strict")
        return response


async def read_form(request: Request, longest: int) -> dict[str, list[str]]:
    """`longest`: in bytes. Raises a `Problem` where the body is no form, or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Problem(MALFORMED, f"Post a form ({_FORM}).")
    body = bytearray()
    async for piece in pieces(request):
        body += piece
        if len(body) > longest:
            raise Problem(TOO_LARGE, f"This form may have {longest:,} bytes. Nothing was changed.")
    try:
        text = body.decode("ascii")
        if _BROKEN.search(text):
            raise ValueError
        return parse_qs(text, keep_blank_values=True, max_num_fields=longest // BYTES_A_FIELD, errors="strict")
    except (UnicodeError, ValueError):
        raise Problem(MALFORMED, "The form cannot be read. Nothing was changed.") from None
