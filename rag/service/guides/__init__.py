"""Source guides: what a document is, its summary with quotes, its topics, and questions that it answers."""
