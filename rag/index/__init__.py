"""The index on disk: vectors, BM25 and docstore in immutable generations, published atomically, verified when opened.

The only home of faiss, bm25s and sqlite3. No pickle anywhere.
"""
