"""Uploads without a key from this machine alone, where questions need no key either.

They are on by default, so nothing here is an error: where they do not fit, they are off, and the log says why.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from rag.domain.file_status import INDEXED
from rag.errors import IndexFault, SettingsError
from rag.index.layout import IndexLayout
from rag.index.reading import read_current, read_manifest
from rag.service.allowed_hosts import is_loopback
from rag.service.uploads.adding import UploadService, uploads_into
from rag.service.uploads.folder import UploadFolder
from rag.settings import Settings

_log = logging.getLogger(__name__)


def open_local_uploads(settings: Settings, folder: Path, address: str) -> UploadService | None:
    """Uploads into a folder, for requests of this machine; None where they are off.

    Args:
        settings: those of the service.
        folder: of the documents.
        address: the IP address that the service listens on.
    """
    why = _why_not(settings, folder, address)
    try:
        store = UploadFolder(folder, min(settings.upload_bytes, settings.file_megabytes * 1_000_000))
    except SettingsError:
        why = why or f"{folder} is no folder that can be written"
    if why:
        _log.info("no documents can be added on the page: %s", why)
        return None
    # Documents of other folders stay: what is dropped on the page must not take any out of the index.
    return uploads_into(settings, store, keeps_others=True, without_key=True)


def _why_not(settings: Settings, folder: Path, address: str) -> str | None:
    if settings.needs_keys or settings.admin_keys or settings.documents:
        return "there are access keys; RAG_DOCUMENTS and RAG_ADMIN_KEYS allow it"
    if settings.open or not is_loopback(address):
        return "others may reach the service; RAG_DOCUMENTS and RAG_ADMIN_KEYS allow it"
    if not _is_of(settings.index, folder):
        return f"the index was not made of {folder}; make serve KNOWLEDGE_BASE=FOLDER names its folder"
    return None


def _is_of(index: Path, folder: Path) -> bool:
    """False if the index has documents, and all of them are known to come from elsewhere."""
    files: list[str] = []
    with suppress(IndexFault):  # the service tells it
        layout = IndexLayout(index)
        name, digest = read_current(layout)
        rows = read_manifest(layout.generation(name), digest).sources
        files = [row.file for row in rows if row.file and row.status in INDEXED]
    root = folder.resolve()
    return not files or any(Path(file).is_relative_to(root) for file in files)
