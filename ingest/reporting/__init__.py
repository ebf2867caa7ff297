"""Progress and reports of an ingest run."""
