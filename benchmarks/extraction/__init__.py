"""Benchmarks of what the readers extract."""
