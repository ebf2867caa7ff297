"""Document readers: one module for each file type."""
