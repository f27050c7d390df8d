"""What providers can do and how fast, as data: one file each in `data`, and what its keys mean."""
