"""Several indexes that are searched as one."""
