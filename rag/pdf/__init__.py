"""PDF pages as pictures: open documents, and rendering in killable processes."""
