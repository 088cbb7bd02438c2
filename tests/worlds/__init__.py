"""Whole deployments for tests, from one in a process to one on the local runtime."""
