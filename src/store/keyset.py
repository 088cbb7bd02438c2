"""Where a list begins that goes from the newest to the oldest."""

LATEST = 2**53 - 2  # Pyodide makes a BigInt of anything larger, and the database takes none
