"""Evidence: the passages that go into a prompt, and the sentences and lists in them that can be quoted."""
