"""Measures what design.md asks for; `make bench` prints it, a figure a line."""
