"""docs/privacy.md says of every column whether it holds people's data, and its numbers are the code's."""

import inspect
import re

from api.routes import OPERATIONS
from core import person_hash
from privacy import actions as privacy
from privacy import person as finding
from privacy import retention
from tests.docs.reading import code, name, names, read, section, table
from tests.doubles.d1 import SqliteDatabase

PAGE = read("docs/privacy.md")
KEPT = section(PAGE, "What is kept")


def columns() -> dict[str, set[str]]:
    """Every table of the schema, with its columns."""
    database = SqliteDatabase()
    tables = database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        row["name"]: {column["name"] for column in database.query(f"PRAGMA table_info({row['name']})")}
        for row in tables
    }


def documented() -> dict[str, tuple[set[str], set[str]]]:
    """Of each table with people's data: the columns that hold it, and the others."""
    rows = table(KEPT, "table", "people's data", "other columns")
    return {name(table_): (set(code(people)), set(code(others))) for table_, people, others in rows}


def test_every_column_is_said_to_hold_peoples_data_or_not_to() -> None:
    schema = columns()
    [nobodys] = re.findall(r"These tables hold nobody's data: (.+?)\.\n", KEPT, re.DOTALL)
    assert documented().keys() | set(code(nobodys)) == schema.keys()
    assert not documented().keys() & set(code(nobodys))
    for table_, (people, others) in documented().items():
        assert people | others == schema[table_], table_
        assert not people & others, table_


def test_every_table_with_peoples_data_is_said_to_be_kept_for_a_reason_and_a_time() -> None:
    rows = table(KEPT, "table", "people's data", "why it is kept", "for how long", "what an erasure leaves")
    assert {name(row[0]) for row in rows} == documented().keys()
    assert all(all(cell for cell in row) for row in rows)


def test_what_moodle_declares_comes_from_columns_that_hold_peoples_data() -> None:
    people = {column for columns_, _ in documented().values() for column in columns_}
    rows = table(section(PAGE, "For Moodle's Privacy API"), "field", "from", "privacy string")
    known = people | documented().keys() | {"state", "reason", "delivery", "award"}
    assert {source for _, sources, _ in rows for source in code(sources)} <= known
    declared = {source for _, sources, _ in rows for source in code(sources)}
    submitted = {"ref", "email", "name", "variables", "message_id", "detail"}
    assert submitted <= declared


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"{retention.BUDGET:,} rows at most" in PAGE
    assert finding.STEPS * finding.READ == 500_000
    assert "half a million people at most" in PAGE
    assert privacy.LINK_DAYS == 7
    assert "good for seven days" in PAGE
    assert f"`{person_hash.PREFIX}` and {person_hash._SIZE * 8} bits of HMAC-SHA256" in PAGE
    assert '"sha256"' in inspect.getsource(person_hash)


def test_the_routes_it_names_are_there() -> None:
    paths = set(re.findall(r"`(?:GET|POST) (/v1/privacy/\w+)`", PAGE))
    assert paths == {route.path for route in OPERATIONS if route.path.startswith("/v1/privacy")}


def test_the_times_of_a_site_are_those_of_its_settings() -> None:
    rows = table(section(PAGE, "How long"), "field", "default", "what it is")
    assert set(names(rows)) == {"keep_people_days", "keep_certificate_years"}
