"""Companies: what one of them has of its own, instead of the site's."""

from collections.abc import Mapping

from core.scope import Scope
from runtime.ports import Parameter, Statement
from store import audit, audit_details
from store.tenancy import parameters, within

# What a site or the operator sets, and what of it is the company's own business; a name here is a column.
OWN = ("reply_to", "reply_to_name", "logo", "colour")
SETTABLE = ("sender_email", "sender_name", *OWN, "send_rate")
_COLUMNS = f"company, {', '.join(SETTABLE)}"
_ONE = "site_id = ?1 AND company = ?2"


def company_rate(job: str) -> str:
    """The send rate of a job's company as a column; `job`: the table's alias."""
    return f"""(SELECT send_rate FROM companies co WHERE co.site_id = {job}.site_id AND co.company = {job}.company)
      AS company_rate"""


def find(site_id: str, company: str) -> Statement:
    return Statement(f"SELECT {_COLUMNS} FROM companies WHERE {_ONE}", (site_id, company))


def page(scope: Scope, after: str, limit: int) -> Statement:
    """By name, after this one."""
    return Statement(
        f"SELECT {_COLUMNS} FROM companies WHERE {within(scope)} AND company > ?3 ORDER BY company LIMIT ?4",
        (*parameters(scope), after, limit),
    )


def put(site_id: str, company: str, settings: Mapping[str, Parameter]) -> Statement:
    """Set what `settings` names and leave the rest. No row comes back where there is no such site."""
    values = ", ".join(f"?{3 + place}" for place in range(len(settings)))
    changes = ", ".join(f"{name} = excluded.{name}" for name in settings)
    return Statement(
        f"""INSERT INTO companies (site_id, company, {", ".join(settings)})
            SELECT id, ?2, {values} FROM sites WHERE id = ?1
            ON CONFLICT (site_id, company) DO UPDATE SET {changes} RETURNING {_COLUMNS}""",
        (site_id, company, *settings.values()),
    )


def delete(site_id: str, company: str) -> Statement:
    return Statement(f"DELETE FROM companies WHERE {_ONE} RETURNING company", (site_id, company))


def note_put(entry: audit.Entry, site_id: str, company: str, settings: Mapping[str, Parameter]) -> Statement:
    """The audit trail's row; before `put` in the same transaction."""
    before = audit_details.columns(entry.action, "before", settings)
    return audit.insert_from(
        entry._replace(site_id=site_id, company=company, target=company, detail={"after": settings}),
        "sites WHERE id = ?1",
        (site_id, company),
        {"site_id": "id"},
        {"before": f"(SELECT {before} FROM companies WHERE {_ONE})"},
    )


def note_delete(entry: audit.Entry, site_id: str, company: str) -> Statement:
    """The audit trail's row; before `delete` in the same transaction."""
    return audit.insert_from(
        entry._replace(target=company, detail={"after": None}),
        f"companies WHERE {_ONE}",
        (site_id, company),
        {"site_id": "site_id", "company": "company"},
        {"before": audit_details.columns(entry.action, "before", SETTABLE)},
    )
