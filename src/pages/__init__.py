"""What people without an account read: pages, without scripts or requests to anywhere else, and a mail."""
