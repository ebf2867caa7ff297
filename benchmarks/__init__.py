"""Benchmarks: each measures Pageproof and a peer in the same run, interleaved, and prints the ratio. ``make bench``."""
