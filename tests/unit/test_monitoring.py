"""Dashboard and alert rules: every metric and label that they name is exported; the rules are right by promtool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from rag.domain.file_status import FAILED, FileRow
from rag.domain.values import Answer
from rag.index.generation import Generation
from rag.service.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
DASHBOARD = json.loads((DEPLOY / "grafana" / "pageproof.json").read_text())
# Labels that Prometheus adds to what it scrapes.
ADDED = {"instance", "job"}


@dataclass(frozen=True)
class _Published:
    """What the metrics read of a generation."""

    id: str = "000001-abc"
    created: str = "2026-01-01T00:00:00+00:00"
    sources: tuple[FileRow, ...] = (FileRow("a.pdf", "ok"),)

    @property
    def manifest(self) -> _Published:
        return self

    def __len__(self) -> int:
        return 3


def exported() -> Mapping[str, set[str]]:
    """Names of the samples that a service exports, with their labels, once everything has happened to it."""
    metrics = Metrics()
    metrics.started("a model")
    metrics.count_request("/ask", 500, 1.0)
    metrics.count_answer(_answer())
    metrics.connections_closed.labels("head")
    metrics.turned_away.labels("line")
    metrics.index_state(cast("Generation", _Published()), swaps=1, refused=0, degraded=False)
    text = metrics.exposition(waiting=0, at_work=0).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: set(sample.labels) | ADDED for sample in samples}


def _answer() -> Answer:
    return Answer(
        id="1", question="q", answer="a", answered=True, reason=None, confidence=1.0, sentences=(), citations=(),
        model="m", index="i", timings_ms={"total": 1000.0},
    )  # fmt: skip


def expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


EXPRESSIONS = dict(expressions())


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_metrics_and_labels_exist(name: str) -> None:
    known = exported()
    selectors = re.findall(r"\b((?:pageproof|process)_\w+)(?:\{([^}]*)\})?", EXPRESSIONS[name])
    assert selectors or EXPRESSIONS[name].startswith("up{")
    for metric, matchers in selectors:
        assert metric in known
        assert set(re.findall(r"(\w+)\s*[=!]~?\s*\"", matchers)) <= known[metric]
    grouped = {label.strip() for by in re.findall(r"\bby \(([^)]*)\)", EXPRESSIONS[name]) for label in by.split(",")}
    assert grouped <= set().union(*(known[metric] for metric, _ in selectors))


def test_every_failure_of_a_file_is_alerted_on() -> None:
    (statuses,) = re.findall(r'status=~"([^"]*)"', EXPRESSIONS["PageproofFilesNotRead"])
    assert set(statuses.split("|")) == FAILED
    (shown,) = re.findall(r'status=~"([^"]*)"', EXPRESSIONS["Files not read A"])
    assert shown == statuses


def test_every_alert_says_what_to_do() -> None:
    for rule in ALERTS["groups"][0]["rules"]:
        assert rule["annotations"].keys() == {"summary", "remedy"}
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: apt install prometheus)")
@pytest.mark.parametrize(
    "arguments", ["check rules alerts.yml", "test rules alerts_test.yml", "check config prometheus.yml"]
)
def test_promtool(arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments.split()],
        cwd=DEPLOY / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
