"""What to send: pure decisions over rows, facts and what was read."""
