"""Table of the sizing benchmark: one column for each size, and growth exponents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from benchmarks.isa import conditions

Size = Mapping[str, Any]
_SEARCHES: Final = {
    "vectors": "vector search",
    "flat": "LangChain's FAISS (IndexFlatL2)",
    "bm25": "BM25",
    "rank_bm25": "rank_bm25",
    "matching": "document matching",
    "retrieval": "retrieval without encoder and reranker",
}


def table_of(sizes: Sequence[Size]) -> str:
    """The table in Markdown, and the processor; sizes ascend."""
    rows: list[tuple[str, Callable[[Size], str]]] = [
        ("build, s", lambda size: f"{size['build_seconds']:.0f}"),
        ("build, most memory, GB", lambda size: f"{size['build_peak'] / 1e9:.1f}"),
        ("disk, MB", lambda size: f"{size['disk'] / 1e6:.0f}"),
        ("cold open, s", lambda size: f"{size['seconds']['cold_open'][0]:.2f}"),
        ("first retrieval after it, s", lambda size: f"{size['seconds']['first'][0]:.2f}"),
        ("memory of its own (RssAnon), MB", lambda size: _grown(size, "RssAnon")),
        ("memory with mapped files (PSS), MB", lambda size: _grown(size, "Pss")),
        ("memory of LangChain's FAISS, MB", lambda size: f"{size['memory']['flat'] / 1e6:.0f}"),
    ]
    rows += [(f"{name}, p50 / p99, ms", partial(_quantiles, key=key)) for key, name in _SEARCHES.items()]
    rows += [
        ("recall@10 of the vector search", lambda size: f"{size['recall']:.4f}"),
        ("times as fast as LangChain's FAISS", lambda size: _ratio(size, "flat", "vectors")),
        ("times as fast as rank_bm25", lambda size: _ratio(size, "rank_bm25", "bm25")),
        ("questions ranked as by rank_bm25", lambda size: "–" if size["same"] is None else f"{size['same']:.2f}"),
    ]
    lines = ["| passages | " + " | ".join(f"{size['rows']:,}" for size in sizes) + " | exponent |"]
    lines.append("| --- |" + " ---: |" * (len(sizes) + 1))
    exponents = {f"{name}, p50 / p99, ms": exponent(sizes, key) for key, name in _SEARCHES.items()}
    lines += [f"| {name} | {' | '.join(map(cell, sizes))} | {exponents.get(name, '')} |" for name, cell in rows]
    return "\n".join([*lines, "", conditions()])


def exponent(sizes: Sequence[Size], key: str) -> str:
    """By which power of the number of passages the median grows, from the smallest size to the largest measured."""
    measured = [size for size in sizes if key in size["seconds"]]
    if len(measured) < 2:
        return "–"
    times = _median(measured[-1], key) / _median(measured[0], key)
    rows = measured[-1]["rows"] / measured[0]["rows"]
    return f"{math.log(times) / math.log(rows):.2f}"


def _median(size: Size, key: str) -> float:
    return float(np.median(size["seconds"][key]))


def _quantiles(size: Size, key: str) -> str:
    if key not in size["seconds"]:
        return "–"
    return " / ".join(f"{np.quantile(size['seconds'][key], share) * 1e3:.2f}" for share in (0.5, 0.99))


def _ratio(size: Size, slow: str, fast: str) -> str:
    return f"{_median(size, slow) / _median(size, fast):.1f}" if slow in size["seconds"] else "–"


def _grown(size: Size, name: str) -> str:
    return f"{(size['memory']['serving'][name] - size['memory']['idle'][name]) / 1e6:.0f}"
