"""What tests are made of: rows, journals, files, texts."""
