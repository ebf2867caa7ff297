"""Usefulness of the units of the evidence: which of them belong to the answer of a question."""
