"""Mutation of seeds: damaged bytes; in JSON and in SQLite files also other values, which parsers do not refuse."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from contextlib import closing
from typing import Any, Final

from tests.hostile.damage import DAMAGES

_LARGEST: Final = 1 << 20
_TEXTS: Final = (
    "", " ", "x", "\0", "..", "../../../etc/passwd", "/dev/zero", "a\nb", "\x1b[31m", "0" * 64, "a" * 64, "[]", "{}",
    "[[0, 1, 1]]", '["\\ud800"]', "[" * 3000, "null", "-1", "1e999", "2026-02-30", "é" * 300,
    "0001-01-01T00:00:00+23:59",
)  # fmt: skip
_NUMBERS: Final = (0, 1, -1, 2, 255, 65_536, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 1.5, -0.0, 1e300, float("inf"))
_OF_JSON: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    {"": None},
    [None] * 50,
    *_TEXTS,
    *_NUMBERS,
    10**40,
)
# Columns that identify a row.
_KEYS: Final = {"document": ("id", "id"), "page": ("document", "number"), "chunk": ("document", "position")}


def _bomb(mebibytes: int) -> bytes:
    """Compressed zeros: far more than a page can have words."""
    compressed = zlib.compressobj(9)
    return b"".join(compressed.compress(bytes(1 << 20)) for _ in range(mebibytes)) + compressed.flush()


_OF_SQLITE: Final[tuple[Any, ...]] = (
    None,
    b"",
    b"\0",
    zlib.compress(b""),
    zlib.compress(b"\xff" * 24),
    _bomb(1024),
    *_TEXTS,
    *_NUMBERS,
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Other bytes made from ``data``: one to three changes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = (_with_other_value(data, rng) if rng.random() < 0.6 else None) or _damaged(data, rng)
    return data[:_LARGEST]


def _damaged(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    if len(changed) > 1:
        rng.choice(DAMAGES)(changed, rng)
    return bytes(changed)


def _with_other_value(data: bytes, rng: random.Random) -> bytes | None:
    """The data with another value somewhere; None where it is neither JSON nor SQLite."""
    if data.startswith(b"SQLite format 3\0"):
        return _with_other_cell(data, rng)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    # Encoded so, a lone surrogate is malformed UTF-8.
    return json.dumps(_changed(value, rng), ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _changed(value: Any, rng: random.Random) -> Any:
    """A JSON value with another one in the place of one of its parts."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(list(value))
        match rng.randrange(10):
            case 0:
                return {key: each for key, each in value.items() if key != name}
            case 1:
                return {**value, rng.choice(_TEXTS): value[name]}
            case _:
                return {**value, name: _changed(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        match rng.randrange(10):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return [*value, value[place]]
            case _:
                return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    return rng.choice(_OF_JSON)


def _with_other_cell(data: bytes, rng: random.Random) -> bytes | None:
    """An SQLite file with another value in a cell; None where it is too damaged for that."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(data)
            table = rng.choice(list(_KEYS))
            column = rng.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
            (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            one, other = _KEYS[table]
            key = database.execute(
                f"SELECT {one}, {other} FROM {table} LIMIT 1 OFFSET ?",  # noqa: S608
                (rng.randrange(rows),),
            ).fetchone()
            changed = f'UPDATE {table} SET "{column}" = ? WHERE {one} = ? AND {other} = ?'  # noqa: S608
            database.execute(changed, (rng.choice(_OF_SQLITE), *key))
            database.commit()
            return database.serialize()
        except (sqlite3.Error, ValueError, LookupError, TypeError, OverflowError):
            return None
