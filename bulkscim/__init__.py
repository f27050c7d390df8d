"""Move, change and clean up thousands of identities in a SCIM 2.0 tenant from a file."""

__version__ = "0.1.0"
