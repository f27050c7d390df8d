"""The only door to the network: one method, send."""
