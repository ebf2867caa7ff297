"""The language model that is recommended, for memory and cores that are handed in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.models.weights.catalogue import Catalogue, ModelEntry, WeightFile
from rag.models.weights.recommendation import memory_needed, recommend

GIGABYTE = 10**9
CONTEXT = 4096


def model(name: str, gigabytes: float, rank: int, licence: str = "MIT") -> ModelEntry:
    file = WeightFile(f"{name}.gguf", "0" * 64, int(gigabytes * GIGABYTE))
    return ModelEntry(name, "generator", name, licence, (file,), (), context=8192, cell_bytes=1000, rank=rank)


DEFAULT = replace(model("default", 1, 20), default=True)
ENTRIES = [model("large", 4, 50), model("bound", 2, 40, "Own"), model("medium", 2, 30), DEFAULT, model("tests", 0.1, 0)]
ENCODER = replace(model("encoder", 0.1, 99), kind="encoder")


def best(memory: float | None, cores: int) -> str | None:
    size = None if memory is None else int(memory * GIGABYTE)
    advice = recommend([*ENTRIES, ENCODER], memory=size, cores=cores, context_tokens=CONTEXT)
    return advice.best.entry.name if advice.best else None


# Beside the weights 2.5 GB are needed, and 8 MB for the context.
@pytest.mark.parametrize(
    ("memory", "cores", "name"),
    [
        pytest.param(3.4, 2, None, id="no memory for any"),
        pytest.param(3.6, 2, "default", id="memory for the smallest"),
        pytest.param(4.5, 2, "default", id="just too little for the next"),
        pytest.param(4.6, 2, "medium", id="just enough for the next, whose licence is free"),
        pytest.param(64, 1, "default", id="much memory, one core: twice the weights would take four times as long"),
        pytest.param(64, 2, "medium", id="much memory, two cores"),
        pytest.param(64, 3, "large", id="much memory, three cores"),
        pytest.param(6.4, 16, "medium", id="many cores, too little memory for the largest"),
        pytest.param(None, 16, None, id="unknown memory"),
    ],
)
def test_the_best_ranked_model_that_fits_is_recommended(memory: float | None, cores: int, name: str | None) -> None:
    assert best(memory, cores) == name


def test_the_others_are_shown_with_the_reason_against_them() -> None:
    advice = recommend(ENTRIES, memory=5 * GIGABYTE, cores=1, context_tokens=CONTEXT)
    assert [(each.entry.name, each.slowness, each.verdict) for each in advice.candidates] == [
        ("large", 8.0, "too large"),
        ("bound", 4.0, "too slow"),
        ("medium", 4.0, "too slow"),
        ("default", 2.0, "fits"),
    ]


@pytest.mark.parametrize(
    ("context_tokens", "cells"), [pytest.param(4096, 8192, id="as set"), pytest.param(65536, 16384, id="the model's")]
)
def test_memory_grows_with_the_context_up_to_that_of_the_model(context_tokens: int, cells: int) -> None:
    assert memory_needed(DEFAULT, context_tokens) == 3.5 * GIGABYTE + cells * 1000


# With the catalogue itself: the table of docs/operations.md.
@pytest.mark.parametrize(
    ("memory", "cores", "name"),
    [
        pytest.param(3, 4, None, id="3 GB"),
        pytest.param(3.5, 4, "qwen2.5-coder-0.5b-instruct-q4_k_m", id="3.5 GB"),
        pytest.param(4, 4, "qwen2.5-coder-1.5b-instruct-q4_k_m", id="4 GB"),
        pytest.param(6, 4, "granite-4.0-micro-q4_k_m", id="6 GB"),
        pytest.param(8, 2, "qwen3-4b-instruct-2507-q4_k_m", id="8 GB, 2 cores"),
        pytest.param(8, 1, "qwen2.5-coder-1.5b-instruct-q4_k_m", id="8 GB, 1 core"),
        pytest.param(64, 16, "qwen3-4b-instruct-2507-q4_k_m", id="a workstation"),
    ],
)
def test_recommendations_from_the_catalogue(memory: float, cores: int, name: str | None) -> None:
    advice = recommend(Catalogue.load(), memory=int(memory * GIGABYTE), cores=cores, context_tokens=CONTEXT)
    assert (advice.best.entry.name if advice.best else None) == name
