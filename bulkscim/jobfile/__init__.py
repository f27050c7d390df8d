"""Job files: from lines to operations, and back to an errors file."""
