"""Composing: from drafts and evidence to the sentences of an answer, each with its support."""
