"""The operator's console at `/console`: pages of HTML that read without JavaScript."""
