"""Sentence-transformers folders of a tiny BERT with random weights, written to disk in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace
from tokenizers.processors import TemplateProcessing

from rag.models.embedding.bert_config import BertConfig
from rag.models.embedding.bert_graph import shapes

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"fog signal horn keeper lamp tide mast boat oil wick".split()]
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": len(WORDS),
    "max_position_embeddings": 20,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "position_embedding_type": "absolute",
}
POOLING = {"word_embedding_dimension": 32, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
DENSE = {"in_features": 32, "out_features": 8, "bias": True, "activation_function": "torch.nn.modules.linear.Identity"}


def tiny_bert(directory: Path) -> Path:
    """Writes a folder that asks for mean pooling; 32 dimensions, 16 tokens."""
    _write_modules(directory, {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"})
    write(directory / "config.json", CONFIG)
    write(directory / "sentence_bert_config.json", {"max_seq_length": 16, "do_lower_case": False})
    (directory / "1_Pooling").mkdir()
    write(directory / "1_Pooling" / "config.json", POOLING)
    write(directory / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    tokenizer = Tokenizer(WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    # As the real one has it: both settings would be wrong.
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(directory / "tokenizer.json"))
    random = np.random.default_rng(7)
    (directory / "model.safetensors").touch()
    weights = {
        name: random.normal(float(name.endswith("LayerNorm.weight")), 0.2, shape).astype(np.float32)
        for name, shape in shapes(BertConfig.read(directory)).items()
    }
    save_file(weights, directory / "model.safetensors")
    return directory


def cls_pooling(directory: Path) -> None:
    """Asks for the state of the first token as the vector, instead of the mean."""
    write(
        directory / "1_Pooling" / "config.json",
        POOLING | {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
    )


def dense_layer(directory: Path) -> None:
    """Asks for a projection to 8 dimensions after the mean."""
    _write_modules(directory, {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense"})
    (directory / "2_Dense").mkdir()
    write(directory / "2_Dense" / "config.json", DENSE)
    random = np.random.default_rng(8)
    weights = {"linear.weight": random.normal(0, 0.2, (8, 32)), "linear.bias": random.normal(0, 0.2, 8)}
    save_file(
        {name: values.astype(np.float32) for name, values in weights.items()},
        directory / "2_Dense" / "model.safetensors",
    )


def unigram_tokenizer(directory: Path) -> None:
    """Gives the folder a tokenizer of XLM-RoBERTa's kind, as multilingual encoders have it."""
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((f"▁{word}", -5.0) for word in WORDS[4:])]
    tokenizer = Tokenizer(Unigram([*pieces[: len(WORDS) - 1], ("<mask>", 0.0)], unk_id=3))
    tokenizer.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.save(str(directory / "tokenizer.json"))
    write(directory / "tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizerFast"})


def _write_modules(directory: Path, kinds: dict[str, str]) -> None:
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    write(directory / "modules.json", [{"idx": idx, "name": str(idx), **module} for idx, module in enumerate(modules)])


def write(path: Path, content: object) -> None:
    """Writes JSON."""
    path.write_text(json.dumps(content))


def copy(folder: Path, directory: Path) -> Path:
    """Copies a folder, so that the copy may be changed."""
    for path in folder.rglob("*.*"):
        place = directory / path.relative_to(folder)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(path.read_bytes())
    return directory
