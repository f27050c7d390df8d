"""What takes a run back: the inverse of its steps, and the rules for what cannot be taken back whole (pure)."""
