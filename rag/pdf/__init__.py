"""PDF pages: their text with offsets and boxes, and their picture. The only home of pypdfium2 and PIL."""

from rag.pdf.document import PdfFile, open_pdf, read_pages, render_page
from rag.pdf.render_pool import PageDrawers

__all__ = ["PageDrawers", "PdfFile", "open_pdf", "read_pages", "render_page"]
