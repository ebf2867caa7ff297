"""Text that runs from right to left: the order of its letters, and lines that its drawing order breaks."""
