"""The API under whatever can be sent to it."""
