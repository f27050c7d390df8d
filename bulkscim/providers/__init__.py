"""What each provider can do and how, as data."""
