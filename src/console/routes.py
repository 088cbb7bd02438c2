"""Every page and action of the console: the one table that the router, the tests and docs/console.md are held to."""

from console import dead_letters, health, overview, sign_in, users
from console.routing import Page

PAGES: tuple[Page, ...] = (
    *sign_in.PAGES,
    *overview.PAGES,
    *dead_letters.PAGES,
    *users.PAGES,
    *health.PAGES,
)
