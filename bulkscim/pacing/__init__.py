"""When to send, and what an answer means for sending again: pure."""
