"""BERT configuration of a sentence-transformers folder; refuses what :mod:`.bert_graph` would compute otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

_Json: TypeAlias = dict[str, Any]

_MODULES: Final = ["Transformer", "Pooling", "Normalize"]
_TRANSFORMER_KEYS: Final = {"max_seq_length", "do_lower_case"}
_POOLING_KEYS: Final = {"word_embedding_dimension", "embedding_dimension", "include_prompt"}
# Options of the normalizer by their names in tokenizer_config.json, and in tokenizer.json.
_NORMALIZER: Final = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}


class UnsupportedModel(Exception):
    """The folder needs something that :class:`BertEncoder` cannot do; the text says what. Never shown as an error."""


@dataclass(frozen=True)
class BertConfig:
    """Configuration of a BERT encoder with mean pooling and normalized vectors.

    Attributes:
        directory: the folder.
        dimension: of a token's hidden state, and of a text's vector.
        layers: number of transformer layers.
        heads: attention heads of a layer.
        inner: dimension of the feed-forward layer.
        vocabulary: number of tokens.
        positions: number of position embeddings.
        types: number of token type embeddings.
        max_length: most tokens of a text, with the special ones; the rest is cut off.
        eps: added to the variance in layer normalization.
    """

    directory: Path
    dimension: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    max_length: int
    eps: float

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.directory / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """The file of the tokenizer."""
        return self.directory / "tokenizer.json"

    @classmethod
    def read(cls, directory: Path) -> BertConfig:
        """Reads the JSON files of the folder; no weights.

        Raises:
            UnsupportedModel: something in it is unknown here, missing, or means other vectors.
        """
        try:
            _check_modules(directory)
            _check_tokenizer(directory)
            return cls._of(directory, _json(directory / "config.json"), _json(directory / "sentence_bert_config.json"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnsupportedModel(f"{directory} is not laid out as expected: {error!r}") from error

    @classmethod
    def _of(cls, directory: Path, config: _Json, transformer: _Json) -> BertConfig:
        _expect("config.json", config, model_type="bert", hidden_act="gelu")
        # Defaults of fields that may be absent.
        stated = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False} | config
        _expect("config.json", stated, position_embedding_type="absolute", is_decoder=False, add_cross_attention=False)
        if transformer.keys() - _TRANSFORMER_KEYS or transformer.get("do_lower_case"):
            raise UnsupportedModel(f"sentence_bert_config.json says {transformer}")
        parsed = cls(
            directory=directory,
            dimension=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            inner=int(config["intermediate_size"]),
            vocabulary=int(config["vocab_size"]),
            positions=int(config["max_position_embeddings"]),
            types=int(config["type_vocab_size"]),
            max_length=int(transformer["max_seq_length"]),
            eps=float(config["layer_norm_eps"]),
        )
        if parsed.max_length > parsed.positions or parsed.dimension % parsed.heads:
            raise UnsupportedModel("config.json contradicts itself")
        if not parsed.weights.is_file():
            raise UnsupportedModel("there is no model.safetensors")
        return parsed


def _check_modules(directory: Path) -> None:
    modules = [(str(module["type"]), str(module["path"])) for module in _json(directory / "modules.json")]
    names = [kind.rpartition(".")[2] for kind, _ in modules]
    if names != _MODULES or not all(kind.startswith("sentence_transformers.") for kind, _ in modules):
        raise UnsupportedModel(f"its modules are {', '.join(kind for kind, _ in modules)}")
    if modules[0][1]:
        raise UnsupportedModel("the transformer is in a folder of its own")
    _check_pooling(_json(directory / modules[1][1] / "config.json"))
    # A default prompt is one of these.
    about = directory / "config_sentence_transformers.json"
    prompts = _json(about).get("prompts") or {} if about.exists() else {}
    if named := [name for name, text in prompts.items() if text]:
        raise UnsupportedModel(f"prompts are put before texts: {', '.join(named)}")


def _check_pooling(config: Mapping[str, Any]) -> None:
    """Accepts mean pooling. Older versions write a flag for each mode, newer ones the name of the mode."""
    rest = {name: value for name, value in config.items() if name not in _POOLING_KEYS}
    modes = {name.removeprefix("pooling_mode_") for name, value in rest.items() if value is True}
    unknown = [name for name, value in rest.items() if not isinstance(value, bool) and name != "pooling_mode"]
    if "pooling_mode" in rest:
        modes.add(str(rest["pooling_mode"]))
    if unknown or not modes or modes - {"mean", "mean_tokens"}:
        raise UnsupportedModel(f"its pooling is {dict(config)}")


def _check_tokenizer(directory: Path) -> None:
    """Checks that both files agree: transformers overrides tokenizer.json by tokenizer_config.json."""
    normalizer = _json(directory / "tokenizer.json")["normalizer"]
    config = _json(directory / "tokenizer_config.json")
    if config.get("tokenizer_class") not in ("BertTokenizer", "BertTokenizerFast"):
        raise UnsupportedModel(f"its tokenizer is {config.get('tokenizer_class')}")
    _expect("tokenizer.json", normalizer, type="BertNormalizer")
    _expect("tokenizer.json", normalizer, **{_NORMALIZER[name]: config[name] for name in _NORMALIZER if name in config})


def _expect(file: str, found: Mapping[str, Any], **wanted: object) -> None:
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UnsupportedModel(f"{file} says {name}={found.get(name)!r} instead of {value!r}")


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(path.read_bytes())
