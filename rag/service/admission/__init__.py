"""Admission control: how many requests run and wait, and in which order."""
