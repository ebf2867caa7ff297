"""Tables as grids of cells: one module per notation, and what all of them share."""
