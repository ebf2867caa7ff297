"""Domain values: frozen, typed, shared by all layers."""
