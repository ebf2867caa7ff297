"""Pages of a PDF: their lines, from the text layer or by OCR, and annotations as they are shown."""
