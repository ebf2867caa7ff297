"""Texts to vectors, and pairs to relevance. Importing this package loads no heavy library."""

from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.encoder import open_text_encoder
from rag.models.embedding.interfaces import Encoder, FloatMatrix, FloatVector, Reranker, logit
from rag.models.embedding.reranker import OnnxReranker
from rag.models.embedding.sentence_transformer_encoder import SentenceTransformerEncoder
from rag.models.embedding.token_counter import token_counter

__all__ = [
    "BertEncoder",
    "Encoder",
    "FloatMatrix",
    "FloatVector",
    "OnnxReranker",
    "Reranker",
    "SentenceTransformerEncoder",
    "logit",
    "open_text_encoder",
    "token_counter",
]
