"""Answering: prompt, draft, grounding, confidence, and the answer put together."""
