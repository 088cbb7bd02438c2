"""Every route of the API: the one table that the router and the OpenAPI document are built from."""

from api import (
    callbacks,
    certificates,
    credentials,
    dead_letters,
    delivery_events,
    events,
    health,
    jobs,
    me,
    preview,
    recipients,
    sites,
    suppressions,
    tokens,
    unsubscribe,
    verification,
)

OPERATIONS = (
    *jobs.OPERATIONS,
    *recipients.OPERATIONS,
    *preview.OPERATIONS,
    *events.OPERATIONS,
    *delivery_events.OPERATIONS,
    *callbacks.OPERATIONS,
    *certificates.OPERATIONS,
    *dead_letters.OPERATIONS,
    *suppressions.OPERATIONS,
    *me.OPERATIONS,
    *sites.OPERATIONS,
    *tokens.OPERATIONS,
    *unsubscribe.OPERATIONS,
    *verification.OPERATIONS,
    *credentials.OPERATIONS,
    *health.OPERATIONS,
)
