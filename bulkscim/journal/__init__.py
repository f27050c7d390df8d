"""The append-only truth of a run, and the folder it lives in."""
