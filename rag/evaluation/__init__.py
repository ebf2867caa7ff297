"""Evaluation on labelled questions (``rag eval``), and calibration; docs/evaluation.md explains the metrics."""
