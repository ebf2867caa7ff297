"""Claim verification by rules (fact checking): one sentence against its own quotes, one module per family of rules."""
