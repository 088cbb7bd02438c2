"""Events delivered to Moodle."""
