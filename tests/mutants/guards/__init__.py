"""The guards, each with the break that takes it away and the tests that must turn red then."""

from tests.mutants.guards import (
    batches,
    bodies,
    budgets,
    certificates,
    cost,
    doors,
    entry,
    isolation,
    limits,
    privacy,
    receivers,
    sending,
    telling,
    tenancy,
)

GUARDS = (
    *sending.GUARDS,
    *batches.GUARDS,
    *telling.GUARDS,
    *receivers.GUARDS,
    *tenancy.GUARDS,
    *privacy.GUARDS,
    *certificates.GUARDS,
    *entry.GUARDS,
    *isolation.GUARDS,
    *doors.GUARDS,
    *bodies.GUARDS,
    *limits.GUARDS,
    *cost.GUARDS,
    *budgets.GUARDS,
)
