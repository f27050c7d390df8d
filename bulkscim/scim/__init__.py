"""RFC 7643, 7644 and 9865 as pure functions."""
