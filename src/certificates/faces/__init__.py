"""The faces every Worker carries, each a module with one compressed TrueType file; made by dev/make_fonts.py."""
