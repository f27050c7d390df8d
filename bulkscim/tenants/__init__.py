"""Where a tenant is and how its credential is found."""
