"""The offline job: brings an index in line with a folder of documents. ``python -m ingest PATH``."""
