"""Where a run is put together: run, resume, retry, and what can be read of one."""
