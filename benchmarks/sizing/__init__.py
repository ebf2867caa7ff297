"""Sizing benchmark: costs of an index of ten thousand to a million passages."""
