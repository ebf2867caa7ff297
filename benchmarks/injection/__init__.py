"""Prompt injection in documents: poisoned documents in families, and the rates at which the filter and answers fail."""
