"""Claims with their quotes: data for the verifier, made by rule and labelled by people, and its measurement."""
