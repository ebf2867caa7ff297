"""Rewording of questions by the language model: follow-ups, formal words, and translation."""
