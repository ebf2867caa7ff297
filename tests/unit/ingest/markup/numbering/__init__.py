"""Tests of the numbers of lists and headings."""
