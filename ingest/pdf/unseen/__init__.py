"""Text that a person does not see, or reads as deleted: hidden words, layers, covers and strikes."""
