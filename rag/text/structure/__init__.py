"""Structure of a page's text by rules: lists, titles, numbers in front of paragraphs, and line breaks."""
