"""Stand-ins for the platform that keep its limits and can fail as it does."""
