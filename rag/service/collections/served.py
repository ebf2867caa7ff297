"""Served collections: the default one, and others that are opened when they are first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.answering.answerer import Answerer
from rag.composition import joined
from rag.domain.collection_name import DEFAULT_COLLECTION, is_collection_name, unknown_collection
from rag.errors import CollectionUnknown, IndexFault
from rag.index.layout import IndexLayout, collection_names
from rag.runtime.closing_cache import ClosingCache
from rag.service.guides.maker import GuideMaker
from rag.service.uploads.adding import Adding

# Further collections that are open at a time: each holds its index, a file of it, and a thread that follows it.
MOST_OPEN: Final = 32
# Choices of several collections that are kept ready.
_MOST_JOINED: Final = 8


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
        joined: names of several collections that are asked as this one; empty for a collection by itself.
    """

    name: str
    answerer: Answerer
    maker: GuideMaker | None = None
    adding: Adding | None = None
    joined: tuple[str, ...] = ()

    @property
    def is_busy(self) -> bool:
        """True while documents are added to it, whose progress would be lost with it."""
        return self.adding is not None and self.adding.jobs.status.state == "running"

    @property
    def label(self) -> str | None:
        """The name, as replies have it; None for the default collection and for several, whose replies lack it."""
        return None if self.joined or self.name == DEFAULT_COLLECTION else self.name


class ServedCollections:
    """The collections of a service by name. Thread-safe.

    What is asked for in one is looked up in it alone. One that cannot be opened stops no other. Of many that are open
    those that were not asked for lately are closed; an answer at work keeps the generation that it began with.
    """

    def __init__(
        self,
        default: ServedCollection,
        root: Path | None = None,
        open_another: Callable[[str], AbstractContextManager[ServedCollection]] | None = None,
        most_open: int = MOST_OPEN,
    ) -> None:
        """Opens none yet.

        Args:
            default: the collection that is asked where none is named.
            root: its index directory, which has the others; None where there are no others.
            open_another: one of these, which is open within the context.
            most_open: of these at a time.
        """
        self.default = default
        self._root = root
        self._others = ClosingCache(open_another, most_open, lambda one: one.is_busy) if open_another else None
        self._lock = threading.Lock()
        self._joined: dict[tuple[str, ...], tuple[Sequence[ServedCollection], ServedCollection]] = {}

    @property
    def root(self) -> Path | None:
        """Index directory of the default collection; None where there can be no others."""
        return self._root if self._others else None

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
        # Looked at for each request, so that one whose folder was removed answers nothing from then on.
        if self._others and self._is_there(name):
            return self._others.get(name)
        if self._others:
            self._others.close(name)
        raise unknown_collection(name, self.names(opens))

    def find_all(self, names: Sequence[str | None], opens: Collection[str] | None = None) -> ServedCollection:
        """The collection to ask, or several as one.

        Args:
            names: of the collections, at least one; each as for :meth:`find`.
            opens: those that the client may open; None for all.

        Raises:
            CollectionUnknown: there is no such collection, or this client may not open it.
        """
        members = {collection.name: collection for collection in (self.find(name, opens) for name in names)}
        if len(members) == 1:
            return next(iter(members.values()))
        key = tuple(members)
        with self._lock:
            self._forget_closed()
            known, collection = self._joined.pop(key, ((), None))
            # One may have been made anew.
            if collection is None or any(one is not other for one, other in zip(known, members.values(), strict=True)):
                answerer = joined({name: member.answerer for name, member in members.items()})
                collection = ServedCollection(" + ".join(key), answerer, joined=key)
            # Each keeps the matching of its documents: the least recently used one goes.
            self._joined[key] = (tuple(members.values()), collection)
            if len(self._joined) > _MOST_JOINED:
                del self._joined[next(iter(self._joined))]
            return collection

    def states(self) -> dict[str, bool]:
        """For each collection that is open, but the default one: whether its current generation can be asked."""
        opened = self._others.opened() if self._others else {}
        return {name: _is_ready(one.answerer) for name, one in opened.items() if self._is_there(name)}

    def close(self) -> None:
        """Releases the indexes of all collections but the default one."""
        if self._others:
            self._others.close_all()

    def _forget_closed(self) -> None:
        """Drops the choices with a collection that was closed, whose generation they hold."""
        opened = {DEFAULT_COLLECTION, *(self._others.opened() if self._others else ())}
        self._joined = {names: kept for names, kept in self._joined.items() if opened.issuperset(names)}

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


def _is_ready(answerer: Answerer) -> bool:
    try:
        answerer.generation()
    except IndexFault:
        return False
    return answerer.index.state.fault is None
