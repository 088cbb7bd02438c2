"""Signatures of events, and events posted again; they are delivered by `callback.py`."""
