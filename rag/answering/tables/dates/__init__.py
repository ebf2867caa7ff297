"""Dates and periods of tables and of questions about them."""
