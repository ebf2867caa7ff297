"""PDF page rendering: open documents, and rendering in killable subprocesses."""
