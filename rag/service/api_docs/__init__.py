"""Documentation of the HTTP API: its OpenAPI schema, and a page that displays it."""
