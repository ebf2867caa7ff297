"""Rules for questions in other languages than English, over the tables of rag/text/languages."""
