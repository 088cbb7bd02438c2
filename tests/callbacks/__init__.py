"""Signatures of events."""
