"""Certificates from the job to the verification page."""
