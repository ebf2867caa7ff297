"""Retrieval: candidates from vectors and BM25, scored, reranked and deduplicated."""
