"""Benchmarks: each measures us and a peer in the same run, interleaved, and prints the ratio. ``make bench``."""
