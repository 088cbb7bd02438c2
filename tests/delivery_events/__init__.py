"""Providers' events: proven, put into one vocabulary, applied."""
