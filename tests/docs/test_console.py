"""docs/console.md lists every page and every role as the code has them."""

from typing import get_args

from api.auth import Role
from console.routes import PAGES
from console.routing import ROLES
from tests.docs.reading import read, table

PAGE = read("docs/console.md")


def test_every_page_is_documented_with_who_may_see_it() -> None:
    told = [tuple(row) for row in table(PAGE, "address", "access", "what it is")]
    assert told == [(f"`{page.method} {page.path}`", page.access, page.summary) for page in PAGES]


def test_every_role_is_documented() -> None:
    told = {row[0] for row in table(PAGE, "role", "sees", "may")}
    assert told == set(get_args(Role)) - {"public"}
    assert set().union(*ROLES.values()) == told
