"""Hugging Face Hub: one GGUF file of a repository, named as ``hf:OWNER/REPO/FILE@REVISION``.

https://huggingface.co/docs/hub/models-downloading
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from rag.errors import DownloadFailed, ModelUnknown
from rag.models.weights.catalogue import HubSource
from rag.models.weights.mlflow_registry import RemoteFile

ADDRESS: Final = "https://huggingface.co"
_PREFIX: Final = "hf:"
_TIMEOUT_SECONDS: Final = 30.0
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}"
_MODEL: Final = re.compile(
    rf"hf:(?P<repository>{_PART}/{_PART})/(?P<file>(?:{_PART}/){{0,4}}{_PART})@(?P<revision>{_PART})"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def is_on_hub(name: str) -> bool:
    """True for names of files on the hub, right or wrong ones: they begin with ``hf:``."""
    return name.startswith(_PREFIX)


def hub_source(name: str) -> HubSource:
    """The file that is named as ``hf:OWNER/REPO/FILE@REVISION``.

    Raises:
        ModelUnknown: it is no such name, or not that of a GGUF file.
    """
    match = _MODEL.fullmatch(name)
    if match and match["file"].lower().endswith(".gguf"):
        return HubSource(match["repository"], match["file"], match["revision"])
    raise ModelUnknown(
        f"{name!r} names no GGUF file on the hub; one is hf:OWNER/REPO/FILE.gguf@REVISION, with the commit as the "
        "revision: a branch may hold another file tomorrow"
    )


def files_url(source: HubSource) -> str:
    """The address below which the files of the repository are, in this revision."""
    return f"{ADDRESS}/{source.repository}/resolve/{source.revision}/"


def hub_file(source: HubSource) -> RemoteFile:
    """The file with its size, and the SHA-256 that the hub has for large files.

    Raises:
        DownloadFailed: the hub cannot be reached, does not have the file, or gives it to nobody without an account.
    """
    import httpx  # here: most runs fetch nothing

    try:
        answer = httpx.head(f"{files_url(source)}{source.file}", timeout=_TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadFailed(f"{ADDRESS} cannot be reached: {type(error).__name__} {error}") from error
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise DownloadFailed(
            f"{ADDRESS}/{source.repository} is private or wants its licence accepted ({answer.status_code}): download "
            f"{source.file} with your account, and name its path"
        )
    size = answer.headers.get("X-Linked-Size") or answer.headers.get("Content-Length") or ""
    if not (answer.is_success or answer.is_redirect) or not size.isdecimal():
        raise DownloadFailed(f"{ADDRESS} answers {answer.status_code} for {source}; look at its repository")
    digest = answer.headers.get("X-Linked-Etag", "").strip('"')
    return RemoteFile(source.file, int(size), digest if _DIGEST.fullmatch(digest) else None)
