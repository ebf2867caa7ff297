"""PDF text extraction: characters to lines, columns, tables and page text."""
