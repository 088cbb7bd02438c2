"""What can be done with a job, its people and its dead letters."""
