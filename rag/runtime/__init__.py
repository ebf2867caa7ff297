"""Runtime support: files, threads, processes, the processor."""
