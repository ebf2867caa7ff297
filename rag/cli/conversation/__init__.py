"""Conversation at a terminal: line editing, choice of documents, and answers that are shown as they grow."""
