"""Tests of the benchmark of prompt injection."""
