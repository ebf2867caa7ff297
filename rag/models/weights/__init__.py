"""Model weights: a catalogue of names and SHA-256 digests, a content-addressed store, downloads."""
