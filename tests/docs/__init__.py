"""The pages held to the code: their tables, links, examples and commands."""
