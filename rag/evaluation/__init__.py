"""Evaluation on labelled questions (``rag eval``): docs/evaluation.md explains the metrics."""
