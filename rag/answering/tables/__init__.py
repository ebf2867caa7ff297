"""Tables: parsing those of a page, and finding the cell, row or column that a question asks for."""
