"""Continuous-batching generation engine over the C API of llama.cpp. The only home of llama_cpp, with ``tuning``."""
