"""Text encoders and rerankers."""
