"""Certificates: their design, their rendering, their codes."""
