"""Fonts of a PDF: texts of codes that no table of the font translates."""
