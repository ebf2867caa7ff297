"""MLflow's model registry, by its REST API: where the files of a model version are, and which of them is the GGUF.

The artifacts must be those that the tracking server passes on itself (``mlflow-artifacts:``), as it does by default.
https://mlflow.org/docs/latest/rest-api.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from rag.errors import DownloadFailed, ModelUnknown
from rag.models.weights.catalogue import MlflowSource

if TYPE_CHECKING:
    import httpx

_API: Final = "api/2.0"
_TIMEOUT_SECONDS: Final = 30.0
# Folders within folders of a model version that are looked through.
_DEEPEST: Final = 4
_MODEL: Final = re.compile(r"mlflow:(?P<name>[^/:]+)/(?P<version>[0-9]{1,9})")
# What becomes a file name on this machine.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}")


def is_registered(name: str) -> bool:
    """True for names of models in a registry, right or wrong ones: they begin with ``mlflow:``."""
    return name.startswith("mlflow:")


def source_of(name: str) -> MlflowSource:
    """The model version that is named as ``mlflow:NAME/VERSION``.

    Raises:
        ModelUnknown: it is no such name.
    """
    if match := _MODEL.fullmatch(name):
        return MlflowSource(match["name"], match["version"])
    raise ModelUnknown(f"{name!r} names no version of a registered model; one is mlflow:NAME/1, with a number")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a model version or a repository; ``name`` is relative to it, ``sha256`` None where it is not told."""

    name: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class MlflowRegistry:
    """A tracking server.

    Attributes:
        url: its address; empty where there is none.
        key: a token, or user and password with a colon between them; empty: none is sent.
    """

    url: str = ""
    key: str = field(default="", repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """For requests to the server, and to no other."""
        if not self.key:
            return {}
        basic = base64.b64encode(self.key.encode()).decode()
        return {"Authorization": f"Basic {basic}" if ":" in self.key else f"Bearer {self.key}"}

    def files_url(self, source: MlflowSource) -> str:
        """The address below which the files of a model version are; DownloadFailed where it cannot be had."""
        with self._client() as client:
            return f"{self.url}/{_API}/mlflow-artifacts/artifacts/{quote(self._path(client, source))}/"

    def gguf_file(self, source: MlflowSource) -> RemoteFile:
        """The one GGUF file of a model version.

        Raises:
            DownloadFailed: the server cannot be reached, does not have the version, or it has no or several such files.
        """
        with self._client() as client:
            found = list(_gguf_files(client, self._path(client, source)))
        if len(found) != 1:
            raise DownloadFailed(
                f"{source} in {self.url} has {len(found) or 'no'} GGUF files; register a version with exactly one"
            )
        return found[0]

    def _path(self, client: httpx.Client, source: MlflowSource) -> str:
        """The path of a model version's artifacts on the server."""
        version = {"name": source.name, "version": source.version}
        fields = _get(client, "mlflow/model-versions/get-download-uri", version, about=str(source))
        uri = fields.get("artifact_uri")
        parts = urlsplit(uri) if isinstance(uri, str) else urlsplit("")
        if parts.scheme != "mlflow-artifacts" or not parts.path.strip("/"):
            raise DownloadFailed(
                f"{source} is at {parts.scheme or 'no'}: address, which {self.url} does not pass on; have it serve "
                "artifacts (mlflow server --artifacts-destination), or fetch the file and name its path"
            )
        return parts.path.strip("/")

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        import httpx  # here: most runs fetch nothing

        if not self.url:
            raise DownloadFailed("RAG_REGISTRY is not set; set it to the address of the MLflow server")
        try:
            with httpx.Client(
                base_url=f"{self.url}/{_API}/", headers=dict(self.headers), timeout=_TIMEOUT_SECONDS
            ) as client:
                yield client
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DownloadFailed(
                f"{self.url} cannot be reached: {type(error).__name__} {error}; look at RAG_REGISTRY"
            ) from error


def _gguf_files(client: httpx.Client, path: str, below: str = "", depth: int = 0) -> Iterator[RemoteFile]:
    """The GGUF files in a folder, and in those below it; names that are no plain ones are left out."""
    folder = {"path": f"{path}/{below}".rstrip("/")}
    rows = _get(client, "mlflow-artifacts/artifacts", folder, about=path).get("files", [])
    for row in rows if isinstance(rows, list) else []:
        name = str(row.get("path", "")) if isinstance(row, dict) else ""
        if not _SEGMENT.fullmatch(name):
            continue
        if row.get("is_dir") and depth < _DEEPEST:
            yield from _gguf_files(client, path, f"{below}{name}/", depth + 1)
        elif name.lower().endswith(".gguf") and not row.get("is_dir"):
            yield RemoteFile(f"{below}{name}", int(row.get("file_size") or 0))


def _get(client: httpx.Client, path: str, parameters: Mapping[str, str], *, about: str) -> dict[str, Any]:
    """The JSON object that the server answers with; ``about`` is for the message of DownloadFailed."""
    answer = client.get(path, params=dict(parameters))
    place = client.base_url.copy_with(path="/")
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise DownloadFailed(f"{place} refuses the key ({answer.status_code}); set RAG_REGISTRY_KEY to one it takes")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise DownloadFailed(f"{place} has no {about}; look at its list of models")
    try:
        fields = answer.json() if answer.is_success else None
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise DownloadFailed(f"{place} answers {answer.status_code}, not as MLflow does; look at RAG_REGISTRY")
    return fields
