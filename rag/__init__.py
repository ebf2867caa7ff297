"""Pageproof: answers from your own PDFs, each sentence proved on the page it came from."""

__version__ = "0.1.0"
