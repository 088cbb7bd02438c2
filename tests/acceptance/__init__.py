"""The owner's checklist, line by line, on the local runtime."""
