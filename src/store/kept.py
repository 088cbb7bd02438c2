"""Statements of `kept`: how much each site and each company keeps, as triggers count it.

The promise: a statement that keeps more has `room` in its own WHERE, so that two at once cannot both take the last
place; and nothing here reads more than a row of the site and one of the company.
"""

from collections.abc import Mapping

from core.limits import KINDS
from core.scope import Scope
from runtime.ports import Statement

_COLUMNS = f"k.company, {', '.join(f'k.{kind}' for kind in KINDS)}"


def of(scope: Scope) -> Statement:
    """Of the site (company '') and, in the scope of one, of the company."""
    return Statement(
        f"SELECT {_COLUMNS} FROM kept k WHERE k.site_id = ?1 AND k.company IN ('', ?2)", (scope.site_id, scope.company)
    )


def of_job(job_id: str) -> Statement:
    """Of the site and the company that a job belongs to."""
    return Statement(
        f"""SELECT {_COLUMNS} FROM jobs j JOIN kept k ON k.site_id = j.site_id AND k.company IN ('', j.company)
            WHERE j.id = ?1""",
        (job_id,),
    )


def room(limits: str, site: str, company: str, needs: Mapping[str, str]) -> str:
    """The condition that there is room for `needs`, by kind, in the site and in the company, which may be NULL: all are
    expressions, `limits` that of `Limits.as_json`."""
    full = " OR ".join(
        f"({need} > 0 AND ifnull(k.{kind}, 0) + {need} > (l.value ->> '{kind}'))" for kind, need in needs.items()
    )
    return f"""NOT EXISTS (SELECT 1 FROM json_each({limits}) AS l
        LEFT JOIN kept k ON k.site_id = {site} AND k.company = iif(l.key = 'site', '', {company})
        WHERE (l.key = 'site' OR {company} IS NOT NULL) AND ({full}))"""
