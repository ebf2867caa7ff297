"""Collections of documents in one service: each with its index, and all with the same models."""
