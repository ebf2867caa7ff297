"""Opening a text encoder: OpenVINO for plain BERT folders and 4-bit E5, sentence-transformers for all others."""

from __future__ import annotations

import logging
from pathlib import Path

from rag.models.embedding.bert_config import BertConfig, UnsupportedModel
from rag.models.embedding.bert_encoder import BertEncoder
from rag.models.embedding.bert_parts import parts_of_folder
from rag.models.embedding.e5_encoder import open_e5
from rag.models.embedding.e5_file import FILE_NAME
from rag.models.embedding.interfaces import Encoder
from rag.models.embedding.sentence_transformer_encoder import SentenceTransformerEncoder

_log = logging.getLogger(__name__)


def open_text_encoder(directory: Path, *, name: str, digest: str, threads: int) -> Encoder:
    """Opens a sentence-transformers folder, with OpenVINO where that gives the same vectors; or one of 4-bit weights.

    Raises:
        ModelUnusable: the folder is not a model that can be loaded; or it needs sentence-transformers, which is not
            installed.
    """
    if (file := directory / FILE_NAME).is_file():
        return BertEncoder(*open_e5(file), name=name, digest=digest, threads=threads)
    try:
        config = BertConfig.read(directory)
    except UnsupportedModel as reason:
        _log.info("encoder %s runs in sentence-transformers, which is slower: %s", name, reason)
        return SentenceTransformerEncoder(directory, name=name, digest=digest, threads=threads)
    return BertEncoder(config, parts_of_folder(config), name=name, digest=digest, threads=threads)
