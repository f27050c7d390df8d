"""What a run knows about the tenant: asked in one place, changed in one place."""
