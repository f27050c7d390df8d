"""The loop that carries rows to their end: resolve, permit, journal, send, journal."""
