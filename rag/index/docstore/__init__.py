"""Docstore of a generation: documents, pages and chunks in one SQLite file. The only home of sqlite3."""
