"""The ``doctor`` command: diagnostics of this machine, with a remedy for each problem. It never fails itself."""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.cli import doctor_checks
from rag.cli.arguments import add_collection
from rag.cli.console import fail
from rag.cli.doctor_checks import Finding
from rag.errors import ModelError, PageproofError
from rag.index.layout import IndexLayout
from rag.index.maintenance import verify_generation
from rag.index.reading import read_current, read_manifest
from rag.models.llm.tuning.autotune import chosen_tuning, how_to_rebuild, tune, tuning_folder, unused_here
from rag.models.llm.tuning.store import keep_measured
from rag.models.opening import generator_weights, open_encoder, open_store, probe_own_model
from rag.models.weights.catalogue import Kind
from rag.models.weights.recommendation import recommend
from rag.models.weights.store import Status
from rag.runtime.processor import read_processor, usable_memory
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_LOCK: Final = Path(__file__).parents[2] / "requirements.txt"
_MISSING: Final = 1
_SECONDS: Final = 20


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``doctor`` to the command line."""
    command = commands.add_parser(
        "doctor", help="what this machine has, what is missing, what to do; exit code 1 if something is missing"
    )
    command.add_argument("--tune", action="store_true", help="measure how this machine runs the model best (25 s)")
    add_collection(command)
    command.add_argument("--verify", action="store_true", help="read every byte of the weights and of the index")
    command.add_argument("--json", action="store_true", help="print the findings as one JSON object")
    command.set_defaults(run=diagnose)


def diagnose(options: argparse.Namespace, settings: Settings) -> int:
    """Runs all checks; the exit code is 1 if something is missing without which no answer can be given."""
    if options.tune:
        _tune(settings)
    findings = list(findings_of(settings, verify=options.verify))
    missing = any(finding.state == "missing" for finding in findings)
    if options.json:
        report = {"ok": not missing, "findings": [finding.to_json() for finding in findings]}
        print(json.dumps(report, ensure_ascii=False))
    else:
        print_findings(Console(highlight=False), findings)
    return _MISSING if missing else 0


def findings_of(settings: Settings, *, verify: bool) -> Iterator[Finding]:
    """The findings of all checks, in the order in which they are shown."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("processor", lambda: doctor_checks.check_processor(read_processor())),
        ("memory", lambda: doctor_checks.check_memory(usable_memory(), _size_of_weights(settings))),
        ("disk", lambda: doctor_checks.check_disk("disk", str(settings.index), _free(settings.index))),
        ("libraries", _libraries),
        ("llama.cpp", _llama_cpp),
        ("accelerator", lambda: _accelerators(settings)),
        ("model", lambda: _model(settings, verify=verify)),
        ("encoder", lambda: _weights(settings, "encoder", settings.encoder, verify=verify)),
    ]
    if settings.reranker:
        checks.append(("reranker", lambda: _weights(settings, "reranker", settings.reranker, verify=verify)))
    checks.append(("index", lambda: _index(settings, verify=verify)))
    if not settings.model_is_remote:
        checks.append(("choice", lambda: _choice(settings)))
        checks.append(("tuning", lambda: _tuning(settings)))
    if settings.documents:
        checks.append(("documents", lambda: _documents(settings)))
    if settings.key_file:
        checks.append(("keys", lambda: _keys(settings)))
    checks += [
        ("ocr", lambda: doctor_checks.check_ocr(_languages(), settings.ocr_languages)),
        ("port", lambda: _port(settings)),
        ("settings", lambda: doctor_checks.check_settings(settings)),
    ]
    for subject, check in checks:
        try:
            yield check()
        # A broken or missing library may raise any of these when it is imported.
        except (PageproofError, ImportError, OSError, RuntimeError) as error:
            yield Finding(subject, "missing", str(error))


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Prints a row for each finding, and its remedy below it."""
    marks = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "missing": ("✗", "bold red")}
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = marks[finding.state]
        table.add_row(Text(mark, style=style), finding.subject, Text(finding.text))
        if finding.remedy:
            table.add_row("", "", Text(f"→ {finding.remedy}", style="dim" if finding.state == "ok" else ""))
    console.print(table)


def _tune(settings: Settings) -> None:
    """Measures and saves the tuning; an error is printed, and the checks go on."""
    try:
        probe_own_model(settings)
        if weights := generator_weights(settings):
            with Console(stderr=True).status("measuring how this machine runs the model best, about 25 s"):
                measured = tune(settings, weights)
            keep_measured(tuning_folder(settings), measured)
    except (PageproofError, ImportError, OSError, RuntimeError) as error:
        fail(error, 0)


def _size_of_weights(settings: Settings) -> int:
    catalogue = open_store(settings).catalogue
    names = (settings.model, settings.encoder, settings.reranker)
    known = sum(catalogue.get(name).size for name in names if name in catalogue)
    own = Path(settings.model)
    return known + (own.stat().st_size if settings.model not in catalogue and own.is_file() else 0)


def _free(path: Path) -> int:
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def _libraries() -> Finding:
    installed = {
        re.sub(r"[-_.]+", "-", row.metadata["Name"]).lower(): row.version
        for row in distributions()
        if row.metadata["Name"]
    }
    lock = _LOCK.read_text(encoding="utf-8") if _LOCK.is_file() else None
    return doctor_checks.check_libraries(platform.python_version(), lock, installed)


def _llama_cpp() -> Finding:
    from rag.models.llm.engine.llama_library import built_features, library_version

    return doctor_checks.check_llama_cpp(
        library_version(), built_features(), unused_here(read_processor()), how_to_rebuild()
    )


def _accelerators(settings: Settings) -> Finding:
    from rag.models.llm.engine.llama_library import accelerators

    return doctor_checks.check_accelerators([asdict(device) for device in accelerators()], settings.gpu_layers)


def _model(settings: Settings, *, verify: bool) -> Finding:
    if settings.model_is_remote:
        return doctor_checks.check_server(settings.model)
    if own := open_store(settings).own_file(settings.model):
        probe_own_model(settings)
        return doctor_checks.check_own_model(own.stem)
    return _weights(settings, "generator", settings.model, verify=verify)


def _choice(settings: Settings) -> Finding:
    processor = read_processor()
    advice = recommend(
        open_store(settings).catalogue,
        memory=usable_memory(),
        cores=min(processor.physical, processor.usable),
        context_tokens=settings.context_tokens,
    )
    return doctor_checks.check_choice(settings.model, advice)


def _weights(settings: Settings, kind: Kind, name: str, *, verify: bool) -> Finding:
    role = "model" if kind == "generator" else kind
    store = open_store(settings)
    if name not in store.catalogue:
        return doctor_checks.check_weights(role, store.locate(name, kind).name, "present", verified=False)
    entry = store.catalogue.get(name)
    status: Status = store.status(entry)
    if verify and status == "present":
        store.verify(entry)
    return doctor_checks.check_weights(role, name, status, verified=verify)


def _index(settings: Settings, *, verify: bool) -> Finding:
    layout = IndexLayout(settings.index)
    name, digest = read_current(layout)
    manifest = read_manifest(layout.generation(name), digest)
    if verify:
        verify_generation(settings.index, name)
    try:
        encoder = open_encoder(settings).identity
    except ModelError:
        encoder = None  # the finding of the encoder says so
    return doctor_checks.check_index(str(settings.index), manifest, encoder, verified=verify)


def _tuning(settings: Settings) -> Finding:
    try:
        weights = generator_weights(settings)
    except ModelError:
        weights = None  # the finding of the model says so
    return doctor_checks.check_tuning(chosen_tuning(settings, weights) if weights else None)


def _languages() -> list[str] | None:
    """The languages of Tesseract; None where it is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines()[1:]  # the first line is a heading


def _documents(settings: Settings) -> Finding:
    from rag.service.server import open_uploads

    open_uploads(settings)  # raises what would keep a service from starting
    return doctor_checks.check_documents(str(settings.documents))


def _keys(settings: Settings) -> Finding:
    from rag.service.auth import open_key_file

    path = settings.key_file
    assert path  # noqa: S101 - else there is no such check
    watched = open_key_file(settings)  # raises what would keep a service from starting
    keys = watched.current() if watched else ()
    others = bool(settings.api_keys or settings.admin_keys)
    today = datetime.now(UTC).date()
    return doctor_checks.check_key_file(path, keys, today, _who_may_change(path.resolve()), others_may_ask=others)


def _who_may_change(path: Path) -> str | None:
    """The others who may write a file, or put another in its place; None if only its owner may."""
    mode, folder = path.stat().st_mode, path.parent.stat().st_mode
    if mode & stat.S_IWGRP:
        return "the group of the file"
    if folder & stat.S_IWOTH and not folder & stat.S_ISVTX:
        return f"whoever may write in {path.parent}"
    return None


def _port(settings: Settings) -> Finding:
    from rag.errors import SettingsError
    from rag.service.allowed_hosts import check_open
    from rag.service.server import reserve

    try:
        listener = reserve(settings.host, settings.port)
    except SettingsError as error:
        return doctor_checks.check_port(settings.host, settings.port, str(error))
    with listener:
        check_open(settings, listener.getsockname()[0])  # raises what would keep a service from starting
    return doctor_checks.check_port(settings.host, settings.port, None)
