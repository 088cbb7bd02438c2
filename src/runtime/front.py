"""What the platform's front says of a request, beside what its sender wrote.

The promise: no header that a caller can write is taken for any of it. The adapter hands it in by ASGI's own means, from
what its front vouches for: `client`, and `state` with `request_id` and `access_token`.
"""

from starlette.requests import Request


def address(request: Request) -> str | None:
    """The network address that the request comes from; None where the front names none."""
    return (request.client.host or None) if request.client else None


def request_id(request: Request) -> str | None:
    """The front's own number of the request, which its logs have as well: letters, digits and hyphens."""
    return getattr(request.state, "request_id", None)


def access_token(request: Request) -> str | None:
    """What the front's sign-on says of the person, still to be proven: `tenancy/access.py`."""
    return getattr(request.state, "access_token", None)
