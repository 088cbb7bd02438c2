"""Taking people in.

The promise: whoever sends any number of people costs a chunk of memory, and sending the same people again adds nobody
twice.
"""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from api.bodies import read_lines
from api.calls import Call
from api.validation import Domains, check, check_variables
from core.errors import OffloadError
from core.problems import problem_of
from jobs import actions as jobs

Person = dict[str, Any]

# What one call of the job service takes: well below the database's 2,000,000 bytes a parameter.
CHUNK_PEOPLE = 1_000
CHUNK_BYTES = 900_000


def of_list(people: list[Any], at: str) -> list[Person]:
    """People that were held to the schema already; `at` is where the list stood. Raises before anything is stored."""
    domains = Domains()
    return [_complete(person, f"{at}/{index}", domains) for index, person in enumerate(people)]


async def of_lines(call: Call) -> AsyncIterator[Person]:
    domains = Domains()
    async for number, person in read_lines(call.request):
        check("Person", person, f"line {number}: ")
        yield _complete(person, f"line {number}: ", domains)


async def of_iterable(people: Iterable[Person]) -> AsyncIterator[Person]:
    for person in people:
        yield person


async def append(call: Call, job_id: str, total: int, people: AsyncIterator[Person]) -> jobs.Appended:
    """Append to a job that has `total` people, a chunk at a time."""
    added = duplicates = 0
    try:
        async for chunk in _chunks(people):
            result = await jobs.append(call.services, call.scope, job_id, chunk, call.note_appended())
            added, duplicates, total = added + result.added, duplicates + result.duplicates, result.total
    except OffloadError as error:
        if not added:
            raise
        words = f"{added:,} people before that were added; sending them again adds nobody twice."
        raise problem_of(error).saying(words) from error
    return jobs.Appended(added, duplicates, total)


async def _chunks(people: AsyncIterator[Person]) -> AsyncIterator[list[Person]]:
    chunk: list[Person] = []
    size = 0
    async for person in people:
        its_size = len(json.dumps(person))
        if len(chunk) == CHUNK_PEOPLE or size + its_size > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(person)
        size += its_size
    if chunk:
        yield chunk


def _complete(person: Person, at: str, domains: Domains) -> Person:
    domains.check(person["email"], f"{at}/email")
    variables = person.get("variables", {})
    if variables:
        check_variables(variables, f"{at}/variables")
    return {"ref": person["ref"], "email": person["email"], "name": person.get("name", ""), "variables": variables}
