"""Autotuning of llama.cpp to this machine."""
