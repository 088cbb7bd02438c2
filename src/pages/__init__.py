"""What people without an account see in a browser: rendered here, without scripts or requests to anywhere else."""
