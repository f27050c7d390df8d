"""Where a run is put together: run, resume, retry, rollback, and what can be read of one."""
