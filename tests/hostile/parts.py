"""PDF builder on the level of objects, and the registry of bombs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Make = Callable[[], bytes]


@dataclass(frozen=True)
class Bomb:
    """A hostile file.

    Attributes:
        expected: statuses that it may end with; empty where any will do, as long as it is one.
        amplifies: whether it is small and expands to much, so that the limits of time and memory are tested with it.
        quick: whether it is in the selection that always runs.
    """

    name: str
    make: Make
    expected: frozenset[str]
    amplifies: bool
    quick: bool


BOMBS: dict[str, Bomb] = {}


def bomb(name: str, *expected: str, amplifies: bool = False, quick: bool = False) -> Callable[[Make], Make]:
    """Decorator that registers a bomb."""

    def register(make: Make) -> Make:
        assert name not in BOMBS
        BOMBS[name] = Bomb(name, make, frozenset(expected), amplifies, quick)
        return make

    return register


def bombs(files: Mapping[str, Make], *expected: str, amplifies: bool = False, quick: Iterable[str] = ()) -> None:
    """Registers several bombs of one kind."""
    for name, make in files.items():
        bomb(name, *expected, amplifies=amplifies, quick=name in quick)(make)


def pdf(objects: Mapping[int, bytes], trailer: bytes = b"", *, header: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF with these objects, a correct cross-reference table, and object 1 as its root.

    Args:
        objects: by number.
        trailer: what its dictionary holds besides the size and the root.
        header: the first bytes.
    """
    parts, places, position = [header], {}, len(header)
    for number, body in objects.items():
        places[number] = position
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        position += len(parts[-1])
    size = max(objects) + 1
    rows = [b"0000000000 65535 f \n"]
    rows += [b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 00000 f \n" for n in range(1, size)]
    parts.append(b"xref\n0 %d\n%btrailer\n" % (size, b"".join(rows)))
    parts.append(b"<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, position))
    return b"".join(parts)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """An uncompressed stream."""
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(data), entries, data)


def packed(data: bytes, entries: bytes = b"") -> bytes:
    """A compressed stream."""
    return stream(zlib.compress(data), b"/Filter/FlateDecode" + entries)


def repeated(block: bytes, count: int) -> bytes:
    """``block * count``, compressed, without ever being in memory."""
    work = zlib.compressobj(1)
    return b"".join([*(work.compress(block) for _ in range(count)), work.flush()])


def text(words: str, size: int = 12, x: int = 72, y: int = 700) -> bytes:
    """Operators that show a line."""
    return b"BT /F1 %d Tf %d %d Td (%b) Tj ET\n" % (size, x, y, words.encode("latin-1"))


HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
SOUND = text("Some words that are sound, whatever stands beside them.")


def one_page(
    content: bytes = SOUND,
    *,
    box: bytes = b"[0 0 612 792]",
    resources: bytes = b"",
    page: bytes = b"",
    root: bytes = b"",
    raw: bytes | None = None,
    more: Mapping[int, bytes] | None = None,
    trailer: bytes = b"",
) -> bytes:
    """A file of one page. Objects from 10 on are free for ``more``.

    Args:
        content: operators of the page.
        box: its MediaBox.
        resources: besides the font F1, which is object 5.
        page: more entries of the page, and ``root`` of the catalogue.
        raw: the whole stream object of the content instead.
    """
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R%b>>" % root,
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox %b/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%b>>%b>>"
        % (box, resources, page),
        4: packed(content) if raw is None else raw,
        5: HELVETICA,
    }
    return pdf({**objects, **(more or {})}, trailer)


def many_pages(contents: Iterable[bytes], resources: bytes = b"", more: Mapping[int, bytes] | None = None) -> bytes:
    """A file with a page for each content. Objects from 10 to 99 are free for ``more``."""
    objects: dict[int, bytes] = {1: b"<</Type/Catalog/Pages 2 0 R>>", 5: HELVETICA, **(more or {})}
    kids = []
    for number, content in enumerate(contents):
        here = 100 + 2 * number
        kids.append(b"%d 0 R" % here)
        objects[here] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 5 0 R>>%b>>>>"
            % (here + 1, resources)
        )
        objects[here + 1] = packed(content)
    objects[2] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (b" ".join(kids), len(kids))
    return pdf(dict(sorted(objects.items())))
