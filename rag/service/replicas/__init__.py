"""Replicated service: requests are relayed to replicas of the application, and again where one is lost."""
