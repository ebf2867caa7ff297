"""Object storage of generations: S3 and what else fsspec has a file system for, push and pull."""
