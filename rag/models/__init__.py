"""Models: weights on disk, encoders and rerankers, language models."""
