"""Whom not to mail."""
