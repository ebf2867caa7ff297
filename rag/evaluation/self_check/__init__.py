"""Self-check of a language model that confidence was not fitted to: questions from the user's own documents."""
