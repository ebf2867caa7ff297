"""The language model as clients see it."""
