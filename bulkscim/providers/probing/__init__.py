"""What to ask a tenant by reading, and what its answers prove."""
