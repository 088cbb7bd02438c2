"""A person's data: found, shown, erased, and kept no longer than wanted."""
