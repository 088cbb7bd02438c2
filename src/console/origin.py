"""Where a form comes from.

The promise: nothing that another website's page sends counts, whatever it knows. Every browser says where a POST comes
from in one of two headers; what has neither is no page of today, and the form's own token decides.
"""

from starlette.requests import Request

from core.problems import FORBIDDEN, Problem
from runtime.settings import PUBLIC_URL, Settings

_OURS = ("same-origin", "none")  # of `Sec-Fetch-Site`; none: typed or bookmarked
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def check(request: Request, settings: Settings) -> None:
    """Raises a `Problem` where another website sent the request."""
    ours = {_origin(f"{request.url.scheme}://{request.url.netloc}"), _origin(settings.optional(PUBLIC_URL))}
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    if not ours.issuperset(origins) or any(site not in _OURS for site in sites):
        raise Problem(FORBIDDEN, "This form was sent from another website. Open its page here. Nothing was changed.")


def _origin(url: str) -> str:
    """As browsers write it: in lower case, without a port that is the scheme's own."""
    origin = url.lower().rstrip("/")
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(":")[0], "/"))
