"""Hostile text, Markdown, HTML and Word files: nested too deeply, too large, in no encoding, or mislabelled."""

from __future__ import annotations

import io
import random
import struct
import zipfile

from tests.hostile.parts import bomb, bombs
from tests.hostile.structures import sound

_WORDS = "Ordinary words about pumps and valves. "

# Plain text.

bombs(
    {
        "one_line.txt": lambda: b"a" * 12_000_000,
        "one_line_words.txt": lambda: (_WORDS * 100_000).encode(),
        "line_ends.txt": lambda: b"\r\n" * 3_000_000 + b"end",
        "form_feeds.txt": lambda: b"a\f" * 4_000,
        "words_without_end.txt": lambda: random.Random(5).randbytes(300_000).hex().encode(),
        "utf8_broken.txt": lambda: (_WORDS * 50).encode() + b"\xff\xfe\xc0\x80\xed\xa0\x80" * 50,
        "utf16_unmarked.txt": lambda: (_WORDS * 50).encode("utf-16-le"),
        "utf16_odd.txt": lambda: b"\xff\xfe" + (_WORDS * 50).encode("utf-16-le")[:-1],
        "utf16_surrogates.txt": lambda: b"\xff\xfe" + _WORDS.encode("utf-16-le") + b"\x00\xd8" * 500,
        "utf32_beyond.txt": lambda: b"\xff\xfe\0\0" + struct.pack("<I", 0x110000) * 500 + _WORDS.encode("utf-32-le"),
        "utf7.txt": lambda: b"+ADw-script+AD4-" * 50,
        "latin.txt": lambda: (_WORDS + "Größe über Maß. ").encode("latin-1") * 50,
        "controls.txt": lambda: (
            "".join(map(chr, range(1, 32))).encode() * 99 + b"\x1b[2J\x1b]0;owned\x07" + _WORDS.encode()
        ),
        "bidi.txt": lambda: (_WORDS + "\u202e\u2066txt.exe\u200b\U000e0041\U000e0042").encode() * 50,
        "astral.txt": lambda: ("\U0001f600" + _WORDS).encode() * 100_000,
        "marks.txt": lambda: ("a" + "\u0301" * 100_000).encode(),
    },
    quick=("utf16_surrogates.txt",),
)
bombs(
    {
        "too_long.txt": lambda: b"Words and more words\n" * 5_000_000,
        "too_long_wide.txt": lambda: ("\U0001f600" * 20_000 + "\n").encode() * 1_100,
        "form_feeds_many.txt": lambda: b"a\f" * 100_000,
    },
    "too_large",
    amplifies=True,
    quick=("form_feeds_many.txt",),
)
bombs(
    {
        "nothing.txt": lambda: b"",
        "white.txt": lambda: b" \t\r\n\f" * 1_000,
        "nul.txt": lambda: bytes(100_000),
        "binary.txt": lambda: random.Random(6).randbytes(100_000),
        "pdf.txt": lambda: sound() + b"\0",
        "bom.txt": lambda: b"\xef\xbb\xbf",
    },
    "empty_text",
    "malformed",
    quick=("nul.txt",),
)
bomb("nearly_too_long.txt", "ok", "timeout")(
    lambda: "".join(f"Part {n} of {n * 7919 % 10_007}. " + _WORDS + "\n" for n in range(300_000)).encode()
)

# Markdown.

bombs(
    {
        "lists_deep.md": lambda: b"".join(b"  " * n + b"- a\n" for n in range(2_000)),
        "lists_one_line.md": lambda: b"- " * 10_000 + b"a",
        "quotes_deep.md": lambda: b">" * 10_000 + b" a",
        "quotes_lines.md": lambda: b"> " * 50 + b"a\n" + b"> a\n" * 100_000,
        "brackets.md": lambda: b"[" * 50_000 + b"a" + b"](b)" * 50_000,
        "brackets_open.md": lambda: b"[a](" * 50_000,
        "images_open.md": lambda: b"![" * 50_000,
        "emphasis.md": lambda: b"**a *b " * 30_000 + b"*" * 30_000,
        "emphasis_mixed.md": lambda: b"*a_ " * 50_000,
        "backticks.md": lambda: b"".join(b"`" * n + b"a" for n in range(1_000)),
        "strikes.md": lambda: b"~~a" * 50_000,
        "angles.md": lambda: b"<a" * 100_000 + b"<!--" * 50_000 + b"<?" * 50_000,
        "entities.md": lambda: b"&amp;&#1114112;&#xD800;&#0;" * 20_000,
        "tables.md": lambda: b"|a" * 2_000 + b"|\n" + b"|-" * 2_000 + b"|\n" + b"|\n" * 10_000,
        "references.md": lambda: b"".join(b"[a%d]: /b\n" % n for n in range(20_000)) + b"[a1] " * 20_000,
        "numbers.md": lambda: b"999999999. a\n" * 10_000,
        "front_matter.md": lambda: b"---\ntitle: " + b"a" * 1_000_000 + b"\n---\nText.",
        "front_matter_open.md": lambda: b"---\n" * 200_000,
        "long_heading.md": lambda: b"# " + b"Heading words " * 1_200 + b"\n\n" + _WORDS.encode() * 50_000,
        "headings_only.md": lambda: b"# a\n" * 100_000,
        "html_deep.md": lambda: b"<div>" * 50_000 + b"text",
        "remote.md": lambda: (
            b"![a](http://192.0.2.1/a.png) [b](file:///etc/passwd) <img src=http://192.0.2.1/>\n\nText."
        ),
    },
    quick=("quotes_deep.md", "long_heading.md"),
)

# HTML.

_ENTITIES = "".join(f'<!ENTITY {chr(97 + n)} "{f"&{chr(96 + n)};" * 10}">' for n in range(1, 10))
bombs(
    {
        "divs.html": lambda: b"<div>" * 100_000 + b"Deep text.",
        "inline_deep.html": lambda: b"<b><i><a href=x>" * 30_000 + b"Deep text.",
        "tables_deep.html": lambda: b"<table><tr><td>" * 3_000 + b"Deep text.",
        "lists_deep.html": lambda: b"<ul><li>" * 20_000 + b"Deep text.",
        "laughs.html": lambda: f'<!DOCTYPE h [<!ENTITY a "ha">{_ENTITIES}]><p>&j; text'.encode(),
        "table_wide.html": lambda: b"<table><tr>" + b"<td>a" * 300_000,
        "table_ragged.html": lambda: b"<table><tr>" + b"<td>a" * 20_000 + b"<tr><td>b" * 20_000,
        "table_spans.html": lambda: b"<table><tr><td colspan=1000000000 rowspan=1000000000>a</table>",
        "unclosed.html": lambda: b"<p><b><table><select><option><script>" + b"a" * 1_000_000,
        "misnested.html": lambda: b"<b><p></b><a><table></a><i><div>" * 2_000 + b"Text.",
        "attributes.html": lambda: b"<p " + b"".join(b"a%d=b " % n for n in range(100_000)) + b">Text.",
        "comment_open.html": lambda: b"<p>Text.<!--" + b"-" * 1_000_000,
        "hidden.html": lambda: b"<style>p{}</style><script>x</script><p hidden>h<p style='display:none'>n<p>Seen text.",
        "remote.html": lambda: (
            b"<base href=http://192.0.2.1/><link rel=stylesheet href=a><img src=b><iframe src=c></iframe>Text."
        ),
        "data_uri.html": lambda: b"<img alt=Picture src='data:image/png;base64," + b"A" * 5_000_000 + b"'><p>Text.",
        "charset.html": lambda: b"<meta charset=rot13><meta charset=utf-7><p>Gr\xf6\xdfe und Ma\xdf.",
        "charset_hex.html": lambda: b"<meta charset=hex><p>4142 \xff",
        "charset_bomb.html": lambda: b"<meta charset=zlib_codec><p>x\x9c \xff\xff",
        "nul.html": lambda: b"<p>Text.\0 More.",
        "headings.html": lambda: b"<h1>" + b"Long heading " * 1_000 + b"</h1><p>" + _WORDS.encode() * 50_000,
        "titles.html": lambda: b"<title>" + b"a" * 5_000_000 + b"</title><p>Text.",
        "empty_elements.html": lambda: b"<br><hr><p>" * 500_000 + b"Text.",
        "frames.html": lambda: b"<frameset><frame src=a></frameset>",
        "svg.html": lambda: b"<svg>" * 50_000 + b"<foreignObject><p>Text.",
    },
    quick=("laughs.html", "table_ragged.html"),
)

# Word.

_NAMES = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'"
_TYPES = (
    "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
    "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
    "<Default Extension='xml' ContentType='application/xml'/><Override PartName='/word/document.xml' "
    "ContentType='application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>"
)
_MACRO_TYPES = _TYPES.replace(
    "openxmlformats-officedocument.wordprocessingml.document.main", "ms-word.document.macroEnabled.main"
)
_RELATIONS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='a' Target="
    "'{target}' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument'/></Relationships>"
)


def _paragraphs(body: str) -> str:
    return f"<w:document {_NAMES}><w:body>{body}</w:body></w:document>"


def _said(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def _word(
    document: str | bytes,
    *,
    types: str = _TYPES,
    target: str = "word/document.xml",
    more: dict[str, bytes] | None = None,
) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("[Content_Types].xml", types)
        package.writestr("_rels/.rels", _RELATIONS.format(target=target))
        package.writestr("word/document.xml", document)
        for name, content in (more or {}).items():
            package.writestr(name, content)
    return data.getvalue()


def _lying() -> bytes:
    """The table of parts says that the document has ten bytes."""
    data = bytearray(_word(_paragraphs(_said(_WORDS) * 200_000)))
    entry = data.index(b"PK\x01\x02", data.rindex(b"word/document.xml") - 60)
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    return bytes(data)


_XML_LAUGHS = f'<!DOCTYPE d [<!ENTITY a "ha">{_ENTITIES}]>' + _paragraphs(_said("&j;"))
_OUTSIDE = "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'><!ENTITY % b SYSTEM 'http://192.0.2.1/'>%b;]>"
bombs(
    {
        "bomb.docx": lambda: _word(_paragraphs(_said(_WORDS) * 1_500_000)),
        "bomb_picture.docx": lambda: _word(_paragraphs(_said(_WORDS)), more={"word/media/a.png": bytes(400_000_000)}),
    },
    "too_large",
    amplifies=True,
    quick=("bomb.docx",),
)
bombs(
    {
        "lying.docx": _lying,
        "laughs.docx": lambda: _word(_XML_LAUGHS),
        "outside.docx": lambda: _word(_OUTSIDE + _paragraphs(_said("Words &a;"))),
        "traversal.docx": lambda: _word(
            _paragraphs(_said(_WORDS)), more={"../../../../tmp/owned": b"x", "/etc/x": b"y"}
        ),
        "no_document.docx": lambda: _word(_paragraphs(""), target="word/missing.xml"),
        "target_outside.docx": lambda: _word(_paragraphs(_said(_WORDS)), target="../../../etc/passwd"),
        "no_types.docx": lambda: _word(_paragraphs(_said(_WORDS)), types="<Types/>"),
        "macros.docx": lambda: _word(
            _paragraphs(_said(_WORDS)), types=_MACRO_TYPES, more={"word/vbaProject.bin": b"x"}
        ),
        "paragraphs_million.docx": lambda: _word(_paragraphs("<w:p/>" * 1_000_000 + _said(_WORDS))),
        "deep.docx": lambda: _word(_paragraphs("<w:p>" * 50_000 + "x" + "</w:p>" * 50_000)),
        "deep_200.docx": lambda: _word(
            _paragraphs("<w:sdt><w:sdtContent>" * 120 + _said(_WORDS) + "</w:sdtContent></w:sdt>" * 120)
        ),
        "tables_deep.docx": lambda: _word(
            _paragraphs("<w:tbl><w:tr><w:tc>" * 60 + _said(_WORDS) + "</w:tc></w:tr></w:tbl>" * 60)
        ),
        "table_large.docx": lambda: _word(
            _paragraphs("<w:tbl>" + ("<w:tr>" + f"<w:tc>{_said('a')}</w:tc>" * 50 + "</w:tr>") * 1_000 + "</w:tbl>")
        ),
        "half_xml.docx": lambda: _word(_paragraphs(_said(_WORDS))[:-30]),
        "parts_30000.docx": lambda: _word(
            _paragraphs(_said(_WORDS)), more={f"word/a{n}.xml": b"<a/>" for n in range(30_000)}
        ),
        "not_a_package.docx": lambda: b"Some words in no package.",
        "pdf.docx": sound,
        "nothing.docx": lambda: b"",
        "old.docx": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000),
        "cut.docx": lambda: _word(_paragraphs(_said(_WORDS) * 100))[:-50],
    },
    quick=("laughs.docx", "outside.docx"),
)
