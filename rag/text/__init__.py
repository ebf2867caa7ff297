"""Text processing: sentences, words, dates, normalization."""
