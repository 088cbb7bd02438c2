"""What everybody stands on."""
