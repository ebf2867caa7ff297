"""Load benchmark of ``/ask``: our service against the same service with other ways to run the same weights.

Every system serves the same application, with the same retrieval, prompts, weights and verification; only the
LanguageModel differs. docs/serving.md says what is measured, and how to read it.
"""
