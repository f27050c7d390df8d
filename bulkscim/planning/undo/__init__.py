"""What takes a run back: the inverse of its steps, and the rules for what cannot be undone whole (pure)."""
