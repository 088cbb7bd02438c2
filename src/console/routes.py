"""Every page and action of the console: the one table that the router, the tests and docs/console.md are held to."""

from console import (
    audit,
    callbacks,
    certificates,
    companies,
    dead_letters,
    health,
    job,
    job_actions,
    jobs,
    overview,
    people,
    preview,
    sign_in,
    site_actions,
    sites,
    suppressions,
    tokens,
    users,
)
from console.routing import Page

PAGES: tuple[Page, ...] = (
    *sign_in.PAGES,
    *overview.PAGES,
    *jobs.PAGES,
    *job.PAGES,
    *job_actions.PAGES,
    *people.PAGES,
    *preview.PAGES,
    *certificates.PAGES,
    *dead_letters.PAGES,
    *callbacks.PAGES,
    *suppressions.PAGES,
    *sites.PAGES,
    *site_actions.PAGES,
    *tokens.PAGES,
    *companies.PAGES,
    *users.PAGES,
    *audit.PAGES,
    *health.PAGES,
)
