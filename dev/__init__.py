"""The Worker on this machine: the local runtime and what starts it."""
