"""Claim, send, record."""
