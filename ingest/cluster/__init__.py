"""Distributed ingest with Ray: files are read and texts are embedded by tasks on the nodes of a cluster."""
