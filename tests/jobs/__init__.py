"""What can be done with a job, and looking through jobs and people."""
