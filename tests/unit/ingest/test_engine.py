"""Engines of an ingest: what is said where Ray is asked for, and is not installed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ingest.__main__ import main
from ingest.cluster.ray_engine import ray_engine
from rag.errors import ClusterUnusable


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    nothing: Any = None
    with pytest.raises(ClusterUnusable, match=r"requirements-ray\.txt"):
        ray_engine(nothing, nothing, nothing, settings=nothing, address=None)


def test_an_address_without_an_engine_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["folder", "--address", "127.0.0.1:6379"])
    assert ended.value.code == 2
    assert "--engine ray" in capsys.readouterr().err
