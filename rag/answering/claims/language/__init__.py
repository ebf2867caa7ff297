"""Shallow language analysis for claim verification: tokens, clauses, scopes of negation, quantities, word lists."""
