"""Whom not to mail, and how people say so."""
