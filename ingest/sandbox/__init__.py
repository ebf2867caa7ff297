"""Sandboxed reading: files are read in confined processes."""
