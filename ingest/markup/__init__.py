"""Text extraction from the markup of Word documents and web pages: what is shown, and what is crossed out or hidden."""
