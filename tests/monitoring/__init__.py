"""How everything stands, in numbers."""
