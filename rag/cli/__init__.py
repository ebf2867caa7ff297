"""Command line of ``python -m rag``."""
