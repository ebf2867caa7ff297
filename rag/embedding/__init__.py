"""Texts to vectors, and pairs to relevance. Importing this package loads no heavy library."""

from rag.embedding.bert_encoder import BertEncoder
from rag.embedding.onnx_reranker import OnnxReranker
from rag.embedding.opening import open_text_encoder
from rag.embedding.roles import Encoder, FloatMatrix, FloatVector, Reranker, logit
from rag.embedding.sentence_transformer_encoder import SentenceTransformerEncoder
from rag.embedding.token_counter import token_counter

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
