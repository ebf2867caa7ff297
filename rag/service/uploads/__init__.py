"""Uploads: documents added over HTTP, and the ingest jobs they start."""
