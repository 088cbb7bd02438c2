"""From a template and a person to a finished mail."""
