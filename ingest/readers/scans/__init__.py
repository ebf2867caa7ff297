"""Scanned pages before and after OCR: which way up they are, and in which script."""
