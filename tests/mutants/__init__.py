"""Breaks of the guards that matter, each of which some test must notice."""
