"""Every way in which SQL might change or delete an entry of the audit trail that holds the ids 1 and 2."""

_INSERT = "{} INTO audit (id, at, actor, role, action, target) VALUES (1, 2, 'x', 'x', 'x', 'x')"

TAMPERING = (
    "UPDATE audit SET actor = 'nobody'",
    "UPDATE OR IGNORE audit SET actor = 'nobody'",
    "UPDATE OR REPLACE audit SET id = 1 WHERE id = 2",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
    _INSERT.format("INSERT OR REPLACE"),
    _INSERT.format("INSERT OR IGNORE"),
    _INSERT.format("REPLACE"),
    _INSERT.format("INSERT") + " ON CONFLICT (id) DO UPDATE SET actor = 'nobody'",
)
