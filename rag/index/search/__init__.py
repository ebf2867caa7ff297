"""Search structures over the rows of an index: sets of rows, and inverted lists."""
