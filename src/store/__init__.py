"""All SQL of the product, as named statements, a module a table.

The promise: each function returns one `Statement`; a state changes by compare-and-set along `states.py`; what belongs
to a tenant is reached through a `Scope`. Callers run them, alone or several in one transaction (`Database.batch`).
"""
