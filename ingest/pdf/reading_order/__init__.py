"""Reading order of what a file, or pdfium, gives in another one: columns, and pages that are turned."""
