"""A SCIM tenant on this machine to try everything on: scim2-server's core behind aiohttp, kept in SQLite."""
