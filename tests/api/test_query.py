"""A page ends where its rows end: the cursor of a next one is there if and only if there is more."""

import pytest

from api import query
from runtime.ports import Row


@pytest.mark.parametrize(("rows", "following"), [(0, None), (1, None), (2, None), (3, query.cursor((1, "b")))])
def test_the_next_page_is_named_only_where_there_is_one(rows: int, following: str | None) -> None:
    found: list[Row] = [{"at": at, "id": name} for at, name in enumerate("abc"[:rows])]
    assert query.page(found, 2, "at", "id") == (found[:2], following)
