"""What users and programs read about a run."""
