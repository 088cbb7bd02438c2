"""Every route of the API: the one table that the router and the OpenAPI document are built from."""

from api import callbacks, dead_letters, events, health, jobs, me, preview, recipients, sites, tokens

OPERATIONS = (
    *jobs.OPERATIONS,
    *recipients.OPERATIONS,
    *preview.OPERATIONS,
    *events.OPERATIONS,
    *callbacks.OPERATIONS,
    *dead_letters.OPERATIONS,
    *me.OPERATIONS,
    *sites.OPERATIONS,
    *tokens.OPERATIONS,
    *health.OPERATIONS,
)
