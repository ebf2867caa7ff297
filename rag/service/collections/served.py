"""Served collections: the default one, and others that are opened when they are first asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rag.answering.answerer import Answerer
from rag.domain.collection_name import DEFAULT_COLLECTION, is_collection_name, unknown_collection
from rag.errors import CollectionUnknown, IndexFault
from rag.index.layout import IndexLayout, collection_names
from rag.service.guides.maker import GuideMaker
from rag.service.uploads.adding import Adding

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CollectionFolder:
    """Folder of further collections, with the function that opens one.

    Attributes:
        root: index directory of the default collection.
        open: makes the answerer of another one from that of the default one and the name.
    """

    root: Path
    open: Callable[[Answerer, str], Answerer]


@dataclass(frozen=True)
class ServedCollection:
    """A collection of a running service.

    Attributes:
        answerer: answers from it; its model is that of all collections.
        maker: of guides of its documents; None where none are made.
        adding: adds documents to it; None where none can be added.
    """

    name: str
    answerer: Answerer
    maker: GuideMaker | None = None
    adding: Adding | None = None

    @property
    def label(self) -> str | None:
        """The name, as replies have it; None for the default collection, whose replies do not name it."""
        return None if self.name == DEFAULT_COLLECTION else self.name


class ServedCollections:
    """The collections of a service by name. Thread-safe.

    What is asked for in one is looked up in it alone. One that cannot be opened stops no other.
    """

    def __init__(
        self,
        default: ServedCollection,
        root: Path | None = None,
        open_another: Callable[[str], ServedCollection] | None = None,
    ) -> None:
        """Opens none yet.

        Args:
            default: the collection that is asked where none is named.
            root: its index directory, which has the others; None where there are no others.
            open_another: opens one of these.
        """
        self.default = default
        self._root = root
        self._open_another = open_another
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[ServedCollection, ExitStack]] = {}

    @property
    def root(self) -> Path | None:
        """Index directory of the default collection; None where there can be no others."""
        return self._root if self._open_another else None

    def names(self, opens: Collection[str] | None = None) -> tuple[str, ...]:
        """The collections that are there now, the default one first.

        Args:
            opens: those that the client may open; None for all.
        """
        names = collection_names(self.root) if self.root else (DEFAULT_COLLECTION,)
        return tuple(name for name in names if opens is None or name in opens)

    def find(self, name: str | None, opens: Collection[str] | None = None) -> ServedCollection:
        """The collection to ask.

        Args:
            name: of the collection; None for the default one, or the only one that the client may open.
            opens: those that the client may open; None for all.

        Raises:
            CollectionUnknown: there is no such collection, or this client may not open it, which it cannot tell apart.
        """
        name = self._implied(opens) if name is None else name
        if opens is not None and name not in opens:
            raise unknown_collection(name, self.names(opens))
        if name == DEFAULT_COLLECTION:
            return self.default
        with self._lock:
            if not self._is_there(name):
                self._drop(name)
                raise unknown_collection(name, self.names(opens))
            return self._opened[name][0] if name in self._opened else self._open(name)

    def states(self) -> dict[str, bool]:
        """For each collection that is open, but the default one: whether its current generation can be asked."""
        with self._lock:
            opened = {name: collection.answerer for name, (collection, _) in self._opened.items()}
        return {name: _is_ready(answerer) for name, answerer in opened.items() if self._is_there(name)}

    def is_served(self, collection: ServedCollection) -> bool:
        """True while a collection is there, and was not made anew since."""
        with self._lock:
            opened = self._opened.get(collection.name)
            return self._is_there(collection.name) and opened is not None and opened[0] is collection

    def close(self) -> None:
        """Releases the indexes of all collections but the default one."""
        with self._lock:
            for name in list(self._opened):
                self._drop(name)

    def _implied(self, opens: Collection[str] | None) -> str:
        if opens is None or DEFAULT_COLLECTION in opens:
            return DEFAULT_COLLECTION
        names = self.names(opens)
        if len(names) != 1:
            raise CollectionUnknown(
                f"this key opens several collections, or none: name one of {', '.join(names) or '-'}"
            )
        return names[0]

    def _is_there(self, name: str) -> bool:
        root = self.root
        return root is not None and is_collection_name(name) and (IndexLayout(root).collections / name).is_dir()

    def _open(self, name: str) -> ServedCollection:
        assert self._open_another is not None  # noqa: S101 - there would be no root
        collection = self._open_another(name)
        with ExitStack() as stack:
            stack.callback(collection.answerer.index.close)
            stack.enter_context(collection.answerer.index.followed())
            self._opened[name] = (collection, stack.pop_all())
        _log.info("the collection %s is open", name)
        return collection

    def _drop(self, name: str) -> None:
        if name in self._opened:
            _, stack = self._opened.pop(name)
            stack.close()


def _is_ready(answerer: Answerer) -> bool:
    try:
        answerer.generation()
    except IndexFault:
        return False
    return answerer.index.state.fault is None
