"""Lookup by name: documents, headings and phrases that a question names."""
