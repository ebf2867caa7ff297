"""Object storage behind a URL, by way of fsspec: ``s3://`` with s3fs, ``file://``, and others with their packages.

Below the URL, as in git (objects by content, and pointers that name them):

objects/<sha256>    manifests, files of generations and sources, each once; written before what names them
generations/<id>    {"generation", "manifest_sha256"}
CURRENT             the same, of the generation that was pushed last

https://filesystem-spec.readthedocs.io
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from rag.errors import StorageCorrupt, StorageMissing, StorageUnreachable, StorageUnusable
from rag.index.reading import GENERATION_NAME
from rag.index.storage.generation_pointer import GenerationPointer

CURRENT: Final = "CURRENT"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_BLOCK: Final = 1 << 20
# Bytes of one request for a part of an object.
_REQUESTED: Final = 8 << 20
# A pointer has about 130 bytes.
_LONGEST_POINTER: Final = 4096
# Transfers at a time; s3fs keeps up to 100 MB of each in memory.
_AT_A_TIME: Final = 4
# User and password in an address that a library's message quotes.
_USER: Final = re.compile(r"(?<=://)[^/\s@]+@")
_EXTRA: Final = "pip install -r requirements-s3.txt"

Item = TypeVar("Item")


@dataclass(frozen=True)
class ObjectStorage:
    """Objects and pointers below a URL. Made by :func:`open_storage`.

    Attributes:
        url: as it was given, without a slash at its end.
        filesystem: of fsspec.
        root: the path of the URL in it.
    """

    url: str
    filesystem: Any
    root: str

    def sizes(self) -> Mapping[str, int]:
        """Size of each object, by its digest; empty where nothing has been stored.

        Raises:
            StorageUnreachable: the storage refuses, or does not respond.
        """
        with self._translated("objects"):
            try:
                rows = self.filesystem.ls(f"{self.root}/objects", detail=True)
            except FileNotFoundError:
                return {}
        sizes = {str(row["name"]).rpartition("/")[2]: row["size"] for row in rows if row["type"] == "file"}
        return {name: size for name, size in sizes.items() if _DIGEST.fullmatch(name)}

    def put(self, digest: str, path: Path) -> None:
        """Stores a file as an object.

        Raises:
            StorageMissing: there is no such bucket.
            StorageUnreachable: as above.
        """
        with self._translated(f"objects/{digest}", written=True):
            self.filesystem.put_file(str(path), f"{self.root}/objects/{digest}")

    def read(self, digest: str, size: int) -> Iterator[bytes]:
        """The bytes of an object, in blocks; a caller that gets to their end has the right ones.

        Raises:
            StorageCorrupt: it is not there, or has another size or digest.
            StorageUnreachable: as above.
        """
        name, found, left = f"objects/{digest}", hashlib.sha256(), size
        for block in self._blocks(name):
            found.update(block)
            left -= len(block)
            if left < 0:
                break  # however long it may be
            yield block
        if left or found.hexdigest() != digest:
            raise StorageCorrupt(
                f"{self.url}/{name} is not what its name says; remove it there, and push again from an intact index"
            )

    def pointer(self, generation: str | None = None) -> GenerationPointer:
        """Pointer to the current generation, or to a named one.

        Raises:
            StorageMissing: nothing was pushed, or not this generation.
            StorageCorrupt: it is no pointer, or one to another generation.
            StorageUnreachable: as above.
        """
        name = f"generations/{generation}" if generation else CURRENT
        if generation and not GENERATION_NAME.fullmatch(generation):
            raise StorageMissing(f"there is no generation {generation} in {self.url}: that is no name of one")
        with self._translated(name), self.filesystem.open(f"{self.root}/{name}", "rb") as file:
            data = file.read(_LONGEST_POINTER)
        pointer = GenerationPointer.from_bytes(data)
        if pointer is None or generation not in (None, pointer.generation):
            raise StorageCorrupt(f"{self.url}/{name} is damaged; push again from an intact index")
        return pointer

    def point_to(self, pointer: GenerationPointer) -> None:
        """Names a generation, whose objects are all there, and makes it the current one; raises as :meth:`put`."""
        for name in (f"generations/{pointer.generation}", CURRENT):
            with self._translated(name, written=True):
                self.filesystem.pipe_file(f"{self.root}/{name}", pointer.to_bytes())

    def _blocks(self, name: str) -> Iterator[bytes]:
        with self._translated(name), self.filesystem.open(f"{self.root}/{name}", "rb", block_size=_REQUESTED) as file:
            while block := file.read(_BLOCK):
                yield block

    @contextmanager
    def _translated(self, name: str, *, written: bool = False) -> Iterator[None]:
        """Errors of fsspec and of the packages behind it, as ours; ``name`` is of what is read or written."""
        try:
            yield
        except FileNotFoundError as error:
            if written:
                message = f"{self.url} has no place for {name}: {_message(error)}; make the bucket, or correct the URL"
                raise StorageMissing(message) from error
            if name.startswith("objects/"):
                raise StorageCorrupt(f"{self.url}/{name} is missing; push again from an intact index") from error
            raise StorageMissing(
                f"there is no {name} in {self.url}; push one: python -m rag index push {self.url}"
            ) from error
        except PermissionError as error:
            raise StorageUnreachable(
                f"{self.url} refuses access to {name}: {_message(error)}; S3 takes AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and AWS_PROFILE, other storage the variables of its package"
            ) from error
        except _library_errors() as error:
            raise StorageUnreachable(
                f"{self.url} cannot be used: {_message(error)} ({name}); look at its address (AWS_ENDPOINT_URL), the "
                "network and the credentials, and run this again: it goes on from there"
            ) from error


def open_storage(url: str) -> ObjectStorage:
    """The storage behind a URL, which is not connected to yet.

    Raises:
        StorageUnusable: it is no URL, has credentials in it, or its package is not installed.
    """
    import fsspec  # here: other commands need none

    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise StorageUnusable(f"{_USER.sub('', url)} is no URL: {error}; one is s3://bucket/prefix") from error
    if "@" in parts.netloc:
        raise StorageUnusable("a URL of storage has no credentials in it: set the variables of its package instead")
    if "://" not in url:
        raise StorageUnusable(f"{url} is no URL; one is s3://bucket/prefix, or file:///backup/pageproof")
    # S3 has no folders: made, they would be buckets.
    options = {"auto_mkdir": True} if parts.scheme in ("file", "local") else {}
    try:
        filesystem, root = fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError as error:
        raise StorageUnusable(f"{url} needs a package that is not installed ({error}); for s3://: {_EXTRA}") from error
    except ValueError as error:
        raise StorageUnusable(f"{url} cannot be used: {_message(error)}; one that can is s3://bucket/prefix") from error
    if not root.strip("/"):
        raise StorageUnusable(f"{url} names no place; name one, as in s3://bucket/prefix or file:///backup/pageproof")
    return ObjectStorage(url.rstrip("/"), filesystem, root.rstrip("/"))


def transfer_each(transfer: Callable[[Item], object], items: Iterable[Item], report: Callable[[int], object]) -> None:
    """Transfers several items at a time; what is not begun when one fails is left out, and its error raised.

    Args:
        transfer: called with each item, in a thread.
        items: of any kind.
        report: called with the number of those that are done.
    """
    with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="transfer") as threads:
        futures = [threads.submit(transfer, item) for item in items]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                report(done)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _library_errors() -> tuple[type[Exception], ...]:
    """Exceptions of fsspec and its packages, of those that are installed."""
    errors: list[type[Exception]] = [OSError]
    with suppress(ImportError):
        from botocore.exceptions import BotoCoreError, ClientError

        errors += [BotoCoreError, ClientError]
    with suppress(ImportError):
        from aiohttp import ClientError as ConnectionFailed

        errors.append(ConnectionFailed)
    return tuple(errors)


def _message(error: Exception) -> str:
    """The library's message in one line, without the user and password of an address."""
    return _USER.sub("", " ".join(str(error).split())) or type(error).__name__
