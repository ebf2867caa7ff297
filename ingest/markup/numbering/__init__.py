"""Automatic numbers of lists and headings, which a file does not hold as text."""
