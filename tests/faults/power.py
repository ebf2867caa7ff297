"""Model of a disk after power loss: synced data is there, and of the rest any part may be there or not.

A file has the bytes of its last fsync; of those written since, all, none, some, or zeros in their place. A folder has
the entries of its last fsync; of those that were added, renamed or removed since, each may be there or not, by itself.
That is less than any journaling file system promises, and about what POSIX does.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.injection import Kind

_RECORD: Final = struct.Struct("<iiqIIII")
_SECTOR: Final = 512


@dataclass(frozen=True)
class Operation:
    """A disk operation of a run.

    Attributes:
        other: the new path, for ``Kind.RENAME``.
        flags: of open.
        offset: of the data; the new size, for ``Kind.TRUNCATE``.
    """

    kind: Kind
    path: Path
    other: Path
    flags: int = 0
    offset: int = 0
    data: bytes = b""


def read_log(path: Path) -> list[Operation]:
    """Reads the operations that the injector has logged."""
    return list(_operations(path.read_bytes()))


def _operations(log: bytes) -> Iterator[Operation]:
    at = 0
    while at < len(log):
        kind, flags, offset, path, other, data, _ = _RECORD.unpack_from(log, at)
        at += _RECORD.size
        parts = []
        for length in (path, other, data):
            parts.append(log[at : at + length])
            at += length
        yield Operation(Kind(kind), Path(os.fsdecode(parts[0])), Path(os.fsdecode(parts[1])), flags, offset, parts[2])


@dataclass(eq=False)
class _File:
    durable: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes at an offset; None cuts the file there."""

    def sync(self) -> None:
        self.durable = _applied(self.durable, self.pending)
        self.pending = []


@dataclass(eq=False)
class _Folder:
    now: dict[str, _Node] = field(default_factory=dict)
    durable: dict[str, _Node] = field(default_factory=dict)
    pending: list[tuple[str, _Node | None]] = field(default_factory=list)
    """Entries in the order in which they were set, or removed."""

    def set(self, name: str, node: _Node | None) -> None:
        self.pending.append((name, node))
        if node:
            self.now[name] = node
        else:
            del self.now[name]

    def sync(self) -> None:
        self.durable = dict(self.now)
        self.pending = []


_Node = _File | _Folder


def _applied(data: bytes, writes: Sequence[tuple[int, bytes | None]]) -> bytes:
    content = bytearray(data)
    for offset, piece in writes:
        if piece is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
        else:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(piece)] = piece
    return bytes(content)


class Disk:
    """A folder as programs see it, and its possible states after a crash."""

    def __init__(self, before: Path, root: Path) -> None:
        """What is in ``before`` is durable; the operations say ``root`` to it."""
        self._root = root
        self._top = _read(before)

    def apply(self, operation: Operation) -> None:
        """Does the same here."""
        if operation.path.name.endswith(" (deleted)"):
            return
        parent, name = self._parent(operation.path)
        node = parent.now.get(name) if parent else self._top
        match operation.kind:
            case Kind.OPEN:
                if parent and not node:
                    parent.set(name, _File())
                elif isinstance(node, _File) and operation.flags & os.O_TRUNC:
                    node.pending.append((0, None))
            case Kind.WRITE | Kind.TRUNCATE:
                assert isinstance(node, _File), operation
                node.pending.append((operation.offset, operation.data if operation.kind is Kind.WRITE else None))
            case Kind.SYNC:
                assert node, operation
                node.sync()
            case Kind.MKDIR:
                assert parent, operation
                parent.set(name, _Folder())
            case Kind.UNLINK | Kind.RMDIR:
                assert parent, operation
                parent.set(name, None)
            case Kind.RENAME:
                target, new = self._parent(operation.other)
                assert parent, operation
                assert target, operation
                assert node, operation
                target.set(new, node)
                parent.set(name, None)

    def _parent(self, path: Path) -> tuple[_Folder | None, str]:
        """The folder that holds a path; None for the top itself."""
        parts = path.relative_to(self._root).parts
        if not parts:
            return None, ""
        folder: _Node = self._top
        for part in parts[:-1]:
            assert isinstance(folder, _Folder)
            folder = folder.now[part]
        assert isinstance(folder, _Folder)
        return folder, parts[-1]

    def crash(self, target: Path, chance: random.Random, keep: float) -> None:
        """Writes what may be found after a crash to a new folder.

        Args:
            keep: how likely each entry and each file's bytes survive without having been synced.
        """
        _Crash(chance, keep).write(self._top, target)


def _read(path: Path) -> _Folder:
    folder = _Folder()
    for inner in path.iterdir():
        folder.now[inner.name] = _read(inner) if inner.is_dir() else _File(inner.read_bytes())
    folder.sync()
    return folder


class _Crash:
    """One random state after a crash: a file with two names is the same under both."""

    def __init__(self, chance: random.Random, keep: float) -> None:
        self._chance = chance
        self._keep = keep
        self._chosen: dict[_File, bytes] = {}

    def write(self, folder: _Folder, target: Path) -> None:
        target.mkdir()
        for name, node in self._entries(folder).items():
            if isinstance(node, _Folder):
                self.write(node, target / name)
            else:
                if node not in self._chosen:
                    self._chosen[node] = self._bytes(node)
                (target / name).write_bytes(self._chosen[node])

    def _entries(self, folder: _Folder) -> dict[str, _Node]:
        """Each name has its durable entry or one that it was given since."""
        entries = dict(folder.durable)
        for name, node in folder.pending:
            if self._chance.random() >= self._keep:
                continue
            if node:
                entries[name] = node
            else:
                entries.pop(name, None)
        return entries

    def _bytes(self, file: _File) -> bytes:
        if not file.pending or self._chance.random() < self._keep:
            return _applied(file.durable, file.pending)
        return self._chance.choice([self._absent, self._zeroed, self._half, self._some])(file)

    def _absent(self, file: _File) -> bytes:
        return file.durable

    def _zeroed(self, file: _File) -> bytes:
        """The size is right, the blocks were never written."""
        return _applied(
            file.durable, [(at, None if piece is None else bytes(len(piece))) for at, piece in file.pending]
        )

    def _half(self, file: _File) -> bytes:
        """The first writes, and a part of the next one."""
        count = self._chance.randrange(len(file.pending))
        offset, piece = file.pending[count]
        torn = piece and piece[: self._chance.randrange(len(piece) // _SECTOR + 1) * _SECTOR]
        return _applied(file.durable, [*file.pending[:count], *([(offset, torn)] if torn else [])])

    def _some(self, file: _File) -> bytes:
        """Any of the writes, without order."""
        return _applied(file.durable, [write for write in file.pending if self._chance.random() < 0.5])
