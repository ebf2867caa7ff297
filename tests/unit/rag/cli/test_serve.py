"""``rag serve``: documents are added on the page where a person is alone with the service, else as configured."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from rag.cli import serve as command
from rag.service import server
from rag.service.uploads.adding import UploadService
from rag.settings import Settings

KEYS = (SecretStr("a" * 24),)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def uploads_of(monkeypatch: pytest.MonkeyPatch, settings: Settings, *arguments: str) -> UploadService | None:
    """The uploads of a service that is not started."""
    served: list[Any] = []

    def note(*given: object) -> int:
        served.append(given)
        return 0

    monkeypatch.setattr(command, "open_answerer", lambda *_, **__: object())
    monkeypatch.setattr(command, "generator_weights", lambda _: None)
    monkeypatch.setattr(server, "serve_forever", note)
    parser = ArgumentParser()
    command.add_commands(parser.add_subparsers())
    options: Namespace = parser.parse_args(["serve", "--host", "127.0.0.1", *arguments])
    assert command.serve(options, settings.model_copy(update={"port": 0})) == 0
    [(_, _, _, uploads, *_)] = served
    return uploads  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("settings", "arguments", "without_key"),
    [
        pytest.param({}, ["--adding"], True, id="alone"),
        pytest.param({}, [], None, id="without the option"),
        pytest.param({"api_keys": KEYS}, ["--adding"], None, id="with keys"),
        pytest.param({"documents": "", "admin_keys": KEYS}, ["--adding"], False, id="as configured"),
    ],
)
def test_documents_are_added(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: Path,
    settings: dict[str, Any],
    arguments: list[str],
    without_key: bool | None,
) -> None:
    made = {"index": tmp_path / "indexes", **settings, **({"documents": folder} if "documents" in settings else {})}
    named = [*arguments, str(folder)] if arguments else []
    uploads = uploads_of(monkeypatch, Settings(**made), *named)
    assert (uploads.without_key if uploads else None) is without_key
