"""What each operation sends for its own resource: create, modify, memberships (pure)."""
