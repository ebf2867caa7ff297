"""Invariants of the catalogue that comes with the program, as far as language models and licences go."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from rag.models.weights.catalogue import Catalogue, ModelEntry, PackageSource, UrlSource

ENTRIES = list(Catalogue.load())
LANGUAGE_MODELS = [entry for entry in ENTRIES if entry.kind == "generator"]
WITH_CONDITIONS = {"Gemma", "Llama-3.2"}

each_entry = pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in ENTRIES])
each_language_model = pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=entry.name) for entry in LANGUAGE_MODELS]
)


def test_no_two_models_are_the_same_weights() -> None:
    assert len({entry.digest for entry in ENTRIES}) == len(ENTRIES)


@each_entry
def test_the_licence_is_known_and_its_conditions_can_be_read(entry: ModelEntry) -> None:
    assert entry.is_free or entry.licence in WITH_CONDITIONS
    assert entry.is_free == (not entry.licence_url)
    assert entry.is_free or urlsplit(entry.licence_url).scheme == "https"


@each_entry
def test_a_source_on_the_hub_names_the_revision_or_stands_beside_a_pinned_one(entry: ModelEntry) -> None:
    pinned = any(isinstance(source, PackageSource) for source in entry.sources)
    for source in entry.sources:
        if isinstance(source, UrlSource):
            match = re.fullmatch(r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/(\w+)/", source.base_url)
            assert match
            assert re.fullmatch(r"[0-9a-f]{40}", match[1]) or (match[1] == "main" and pinned)


@each_language_model
def test_a_language_model_says_what_it_needs(entry: ModelEntry) -> None:
    assert [file.name.rpartition(".")[2] for file in entry.files] == ["gguf"]
    assert entry.context >= 8192
    # Two numbers of 16 bits for each head and layer.
    assert entry.cell_bytes > 0
    assert entry.cell_bytes % 4 == 0
    assert entry.chat_format


def test_only_the_default_is_said_to_be_measured() -> None:
    assert [entry.name for entry in ENTRIES if entry.measured] == ["qwen2.5-coder-1.5b-instruct-q4_k_m"]


def test_the_order_of_language_models_is_strict() -> None:
    ranks = [entry.rank for entry in LANGUAGE_MODELS if entry.rank]
    assert len(set(ranks)) == len(ranks)


def test_no_model_forbids_commercial_use() -> None:
    assert not any(re.match(r"qwen2\.5-3b", entry.name) for entry in ENTRIES)
