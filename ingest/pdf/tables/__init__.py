"""Tables in the lines of a PDF page."""
