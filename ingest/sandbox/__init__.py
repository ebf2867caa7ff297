"""Sandboxed reading: hostile files are read in subprocesses without privileges."""
