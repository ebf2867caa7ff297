"""Hostile PDFs by page content: too large, too slow to render, or malformed."""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache

from tests.hostile.parts import HELVETICA, SOUND, bomb, bombs, many_pages, one_page, packed, repeated, stream, text

_SQUARE = b"100 100 300 300 re f\n"


# Boxes.

bombs(
    {
        f"box_{name}.pdf": lambda box=box, content=content: one_page(content, box=box)  # type: ignore[misc]
        for name, box, content in [
            ("huge", b"[0 0 1000000000 1000000000]", SOUND),
            ("huge_drawing", b"[0 0 1000000000 1000000000]", _SQUARE),
            ("large_drawing", b"[0 0 200000 200000]", b"0 0 99999 99999 re f"),
            ("thin_drawing", b"[0 0 14400000 0.001]", b"0 0 999999 1 re f"),
            ("zero", b"[0 0 0 0]", SOUND),
            ("zero_drawing", b"[0 0 0 0]", _SQUARE),
            ("negative", b"[612 792 0 0]", SOUND),
            ("nan", b"[nan inf -inf 1e309]", SOUND),
            ("words", b"[(a) /b null true]", SOUND),
            ("none", b"null", SOUND),
        ]
    },
    quick=("box_huge_drawing.pdf", "box_zero_drawing.pdf"),
)
bombs(
    {
        "unit_huge.pdf": lambda: one_page(_SQUARE, page=b"/UserUnit 1000000000"),
        "rotation.pdf": lambda: one_page(page=b"/Rotate 2147483647"),
        "crop_outside.pdf": lambda: one_page(page=b"/CropBox[5000 5000 5001 5001]"),
        "crop_tiny.pdf": lambda: one_page(_SQUARE, page=b"/CropBox[100 100 100.001 100.001]"),
    },
    quick=("crop_outside.pdf",),
)


# Text.


def _lines(count: int) -> bytes:
    words = (b"(w%d) Tj 0 -%f Td " % (n, 780 / count) for n in range(count))
    return b"BT /F1 8 Tf 1 0 0 1 9 780 Tm " + b"".join(words) + b"ET"


bombs(
    {
        "one_place.pdf": lambda: one_page(
            b"BT /F1 9 Tf " + b"".join(b"1 0 0 1 99 99 Tm (w%d) Tj " % n for n in range(30_000)) + b"ET"
        ),
        "one_place_same.pdf": lambda: one_page(b"BT /F1 9 Tf " + b"1 0 0 1 99 99 Tm (i) Tj " * 199_000 + b"ET"),
        "lines_10000.pdf": lambda: one_page(_lines(10_000)),
        "lines_45000.pdf": lambda: one_page(_lines(45_000)),
        "columns.pdf": lambda: one_page(
            b"BT /F1 2 Tf "
            + b"".join(b"1 0 0 1 %d %d Tm (ab) Tj " % (x, y) for y in range(0, 790, 3) for x in range(0, 600, 5))
            + b"ET"
        ),
        "diagonal.pdf": lambda: one_page(
            b"BT /F1 2 Tf "
            + b"".join(b"1 0 0 1 %f %f Tm (w%d) Tj " % (n / 34, n / 26, n) for n in range(20_000))
            + b"ET"
        ),
        "scattered.pdf": lambda: one_page(_scattered(20_000)),
        "one_word.pdf": lambda: one_page(b"BT /F1 1 Tf 9 9 Td (" + b"abcdefghij" * 19_000 + b") Tj ET"),
        "sizes.pdf": lambda: one_page(b"".join(b"BT /F1 %d Tf 9 9 Td (word) Tj ET " % n for n in range(20_000))),
        "spacing.pdf": lambda: one_page(b"BT /F1 9 Tf 1e30 Tc -1e30 Tw 1e9 Tz 1e30 TL (a b c d) ' T* (e) Tj ET"),
        "matrix.pdf": lambda: one_page(
            b"1e38 0 0 1e38 0 0 cm 0 0 0 0 0 0 cm " + SOUND + b"1e38 1e38 1e38 1e38 1 1 cm " + SOUND
        ),
        "size_zero.pdf": lambda: one_page(SOUND.replace(b"/F1 12", b"/F1 0") + SOUND.replace(b"/F1 12", b"/F1 1e30")),
        "invisible.pdf": lambda: one_page(b"3 Tr " + SOUND + b"BT 1 1 1 rg /F1 9 Tf -999 -999 Td (beyond) Tj ET"),
        "controls.pdf": lambda: one_page(SOUND + b"BT /F1 9 Tf 9 9 Td (a\\000\\001\\033[2J\\177\\377) Tj ET"),
        "states_million.pdf": lambda: one_page(b"q " * 1_000_000 + SOUND),
        "marks_million.pdf": lambda: one_page(b"/A BMC " * 300_000 + SOUND),
        "fonts_20000.pdf": lambda: one_page(
            b"".join(b"BT /G%d 9 Tf 9 9 Td (a) Tj ET " % n for n in range(20_000)),
            resources=b"/Font<<%b>>" % b"".join(b"/G%d%b" % (n, HELVETICA) for n in range(20_000)),
        ),
        "pages_4999.pdf": lambda: many_pages(text(f"Page number {n} of many.") for n in range(4_999)),
    },
    quick=("one_place.pdf", "lines_10000.pdf"),
)
bomb("pages_full.pdf", "too_large", "timeout", amplifies=True)(
    # Each page is allowed; all of them together are not.
    lambda: many_pages([_block(n) for n in range(130)])
)
bomb("page_full.pdf")(lambda: many_pages([_block(n) for n in range(2)]))


def _scattered(count: int) -> bytes:
    random_ = random.Random(3)
    words = (
        b"1 0 0 1 %.1f %.1f Tm (w%d) Tj " % (random_.random() * 600, random_.random() * 790, n) for n in range(count)
    )
    return b"BT /F1 6 Tf " + b"".join(words) + b"ET"


def _block(seed: int) -> bytes:
    """A page of 190,000 characters."""
    line = b" ".join(b"w%d" % (seed * 7 + n) for n in range(190))[:1000]
    return b"BT /F1 1 Tf 9 780 Td " + b"".join(b"(%b) Tj 0 -4 Td " % line for _ in range(190)) + b"ET"


def _font(entries: bytes, more: dict[int, bytes] | None = None, content: bytes = SOUND) -> bytes:
    return one_page(content, more={5: b"<</Type/Font%b>>" % entries, **(more or {})})


def _mapped(table: bytes) -> bytes:
    return _font(
        b"/Subtype/Type0/BaseFont/A/Encoding/Identity-H/ToUnicode 10 0 R/DescendantFonts[11 0 R]",
        {
            10: packed(b"/CIDInit /ProcSet findresource begin begincmap " + table),
            11: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/A>>",
        },
    )


_TYPE3 = (
    b"/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97/Widths[9]"
    b"/Encoding<</Differences[97/a]>>"
)
bombs(
    {
        "font_empty.pdf": lambda: _font(b""),
        "font_in_itself.pdf": lambda: _font(b"/Subtype/Type0/DescendantFonts[5 0 R]/ToUnicode 5 0 R/Encoding 5 0 R"),
        "font_widths.pdf": lambda: _font(
            b"/Subtype/TrueType/BaseFont/A/FirstChar -5/LastChar 999999999/Widths[%b]" % (b"9 " * 500_000)
        ),
        "font_garbage.pdf": lambda: _font(
            b"/Subtype/TrueType/BaseFont/A/FontDescriptor<</FontFile2 10 0 R>>",
            {10: packed(b"\0\1\0\0\0\x10" + random.Random(4).randbytes(200_000))},
        ),
        "type3_in_itself.pdf": lambda: _font(
            _TYPE3 + b"/CharProcs<</a 10 0 R>>/Resources<</Font<</F1 5 0 R>>>>",
            {10: packed(b"9 0 d0 BT /F1 1 Tf (aaaaaaaaaa) Tj ET")},
            b"BT /F1 9 Tf 9 9 Td (aaa) Tj ET",
        ),
        "unicode_range.pdf": lambda: _mapped(b"1 beginbfrange <0000> <FFFFFFFF> <0041> endbfrange"),
        "unicode_long.pdf": lambda: _mapped(b"1 beginbfrange <0000> <FFFF> <" + b"0041" * 100_000 + b"> endbfrange"),
        "unicode_many.pdf": lambda: _mapped(b"1000000 beginbfchar " + b"<0041> <0042> " * 1_000_000 + b"endbfchar"),
        "unicode_surrogates.pdf": lambda: _mapped(b"1 beginbfrange <0000> <FFFF> <D800> endbfrange"),
    },
    quick=("type3_in_itself.pdf",),
)


# Drawings that call each other, and slow ones. Without text, so that they are drawn for OCR.


def _forms(levels: int, calls: int, last: bytes) -> bytes:
    """Forms, each of which draws the next one several times."""
    more = {}
    for level in range(levels):
        here = 10 + level
        inner = b"/X%d Do " % (here + 1) * calls if level < levels - 1 else last
        resources = b"/Resources<</XObject<</X%d %d 0 R>>/Font<</F1 5 0 R>>>>" % (here + 1, here + 1)
        more[here] = packed(inner, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]" + resources)
    return one_page(b"/X10 Do", resources=b"/XObject<</X10 10 0 R>>", more=more)


def _pattern(step: bytes, inner: bytes = b"0 0 1 1 re f") -> bytes:
    tile = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep %b/YStep %b" % (step, step)
    return one_page(
        b"/Pattern cs /P1 scn 0 0 612 792 re f",
        resources=b"/Pattern<</P1 10 0 R>>",
        more={10: packed(inner, tile + b"/Resources<</Pattern<</P1 10 0 R>>>>")},
    )


def _shading(entries: bytes, more: bytes) -> bytes:
    return one_page(
        b"/S1 sh",
        resources=b"/Shading<</S1<</ColorSpace/DeviceRGB%b>>>>" % entries,
        more={10: more, 11: b"<</FunctionType 2/N 1e30/Domain[0 1]/C0[0 0 0]/C1[1 1 1]>>"},
    )


_LOOP = b"{" + b"dup mul exp sqrt 2 copy pop " * 20_000 + b"}"
bombs(
    {
        "form_in_itself.pdf": lambda: one_page(
            b"/X10 Do",
            resources=b"/XObject<</X10 10 0 R>>",
            more={10: packed(b"/X10 Do /X10 Do", b"/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X10 10 0 R>>>>")},
        ),
        "forms_text.pdf": lambda: _forms(30, 10, SOUND),
        "forms_drawing.pdf": lambda: _forms(30, 10, _SQUARE),
        "forms_deep.pdf": lambda: _forms(5_000, 1, SOUND),
        "pattern_tiny.pdf": lambda: _pattern(b"0.00001"),
        "pattern_zero.pdf": lambda: _pattern(b"0"),
        "pattern_in_itself.pdf": lambda: _pattern(b"1", b"/Pattern cs /P1 scn 0 0 1 1 re f"),
        "shading_function.pdf": lambda: _shading(
            b"/ShadingType 1/Domain[0 612 0 792]/Function 10 0 R",
            packed(_LOOP, b"/FunctionType 4/Domain[0 612 0 792]/Range[0 1 0 1 0 1]"),
        ),
        "shading_mesh.pdf": lambda: _shading(b"/ShadingType 7", b"null").replace(b"null", b"<<>>"),
        "shading_radial.pdf": lambda: _shading(
            b"/ShadingType 3/Coords[0 0 1e9 1e-9 0 -1e9]/Extend[true true]/Function 11 0 R", b"null"
        ),
        "sampled_function.pdf": lambda: _shading(
            b"/ShadingType 1/Domain[0 612 0 792]/Function 10 0 R",
            packed(b"a" * 99, b"/FunctionType 0/Size[65535 65535]/BitsPerSample 32/Domain[0 1 0 1]/Range[0 1 0 1 0 1]"),
        ),
        "dashes.pdf": lambda: one_page(b"[0.0001 0.0001] 0 d 0.1 w 0 0 m 99999 99999 l S " * 30),
        "path_million.pdf": lambda: one_page(
            b"0 0 m " + b"".join(b"%d %d l " % (n * 7919 % 612, n * 104_729 % 792) for n in range(1_000_000)) + b"S"
        ),
        "curves.pdf": lambda: one_page(b"50 w 1 j 1 J 0 0 m " + b"999 0 -999 792 612 9 c " * 100_000 + b"S"),
        "clips.pdf": lambda: one_page(b"0 0 m 612 0 l 306 792 l h W* n " * 50_000 + _SQUARE),
        "groups.pdf": lambda: _groups(400),
    },
    quick=("forms_drawing.pdf",),
)


def _groups(depth: int) -> bytes:
    """Transparency groups within each other, each the size of the page."""
    more = {}
    for here in range(10, 10 + depth):
        inner = b"/G gs /X%d Do" % (here + 1) if here < 9 + depth else _SQUARE
        resources = b"/Resources<</XObject<</X%d %d 0 R>>/ExtGState<</G<</ca 0.5/BM/Luminosity>>>>>>" % (
            here + 1,
            here + 1,
        )
        more[here] = packed(inner, b"/Subtype/Form/BBox[0 0 612 792]/Group<</S/Transparency/I true>>" + resources)
    return one_page(b"/X10 Do", resources=b"/XObject<</X10 10 0 R>>", more=more)


# Pictures.


def _picture(data: bytes, entries: bytes, more: dict[int, bytes] | None = None) -> bytes:
    return one_page(
        b"612 0 0 792 0 0 cm /I1 Do",
        resources=b"/XObject<</I1 10 0 R>>",
        more={10: stream(data, b"/Subtype/Image" + entries), **(more or {})},
    )


def _side(pixels: int) -> bytes:
    return b"/Width %d/Height %d" % (pixels, pixels)


@cache
def _jpeg() -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(data, "JPEG")
    return data.getvalue()


def _tall_jpeg() -> bytes:
    """A JPEG whose header declares 65,500 pixels at each side."""
    at = _jpeg().index(b"\xff\xc0") + 5
    return _jpeg()[:at] + struct.pack(">HH", 65_500, 65_500) + _jpeg()[at + 4 :]


def _jpeg2000(side: int) -> bytes:
    size = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, side, side, 0, 0, 3) + b"\7\1\1" * 3
    coding = b"\xff\x52" + struct.pack(">H", 12) + bytes([0, 0, 0, 1, 0, 5, 4, 4, 0, 0])
    quantum = b"\xff\x5c" + struct.pack(">H", 19) + bytes([0x40] + [0x40] * 16)
    tile = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 0, 0, 1) + b"\xff\x93" + bytes(64) + b"\xff\xd9"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + coding + quantum + tile


def _jbig2(side: int) -> bytes:
    page = struct.pack(">IBBI", 0, 48, 1, 19) + struct.pack(">IIIIBH", side, side, 0, 0, 0, 0)
    region = struct.pack(">IBBI", 1, 38, 1, 18 + 64) + struct.pack(">IIIIBB", side, side, 0, 0, 0, 0) + bytes(64)
    return page + region


_BIG = _side(100_000)
_GREY = b"/ColorSpace/DeviceGray/BitsPerComponent 8"
_ONE_BIT = b"/ColorSpace/DeviceGray/BitsPerComponent 1"
bombs(
    {
        "jpeg2000.pdf": lambda: _picture(_jpeg2000(100_000), _BIG + b"/Filter/JPXDecode"),
        "jpeg2000_20000.pdf": lambda: _picture(_jpeg2000(20_000), _side(20_000) + b"/Filter/JPXDecode"),
        "jbig2.pdf": lambda: _picture(_jbig2(65_000), _side(65_000) + _ONE_BIT + b"/Filter/JBIG2Decode"),
        "fax.pdf": lambda: _picture(
            b"\x26\xa1" * 9_999,
            _BIG + _ONE_BIT + b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 100000/Rows 100000>>",
        ),
        "flate_picture.pdf": lambda: _picture(repeated(bytes(1 << 20), 1200), _BIG + _ONE_BIT + b"/Filter/FlateDecode"),
        "flate_picture_20000.pdf": lambda: _picture(
            repeated(bytes(1 << 20), 400), _side(20_000) + _GREY + b"/Filter/FlateDecode"
        ),
        "short_picture.pdf": lambda: _picture(b"abc", _BIG + _GREY),
        "jpeg.pdf": lambda: _picture(
            _tall_jpeg(), _side(65_500) + b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
        ),
        "mask_in_itself.pdf": lambda: _picture(b"abcd", _side(2) + _GREY + b"/SMask 10 0 R"),
        "indexed.pdf": lambda: _picture(
            b"\xff" * 9_999,
            _side(99) + b"/BitsPerComponent 8/ColorSpace[/Indexed[/Indexed/DeviceRGB 255(a)]2147483647(b)]",
        ),
        "colours_in_themselves.pdf": lambda: _picture(
            b"a" * 99, _side(9) + b"/BitsPerComponent 8/ColorSpace 11 0 R", {11: b"[/Separation/A 11 0 R 11 0 R]"}
        ),
        "pictures_10000.pdf": lambda: one_page(
            b"q 9 0 0 9 9 9 cm BI /W 8000 /H 8000 /CS /G /BPC 1 /F /RL ID \x81\0\x80\nEI Q " * 10_000
        ),
        "scan_200.pdf": lambda: _scan(200),
    },
    quick=("jpeg2000.pdf",),
)


def _scan(pages: int) -> bytes:
    """Scanned pages: images of text."""
    from PIL import Image, ImageDraw

    picture = Image.new("L", (1240, 1754), "white")
    draw = ImageDraw.Draw(picture)
    for line in range(40):
        draw.text((100, 60 + 40 * line), f"Line {line} was printed and scanned again.", fill=0, font_size=28)
    image = b"/Subtype/Image/Width 1240/Height 1754/Filter/FlateDecode" + _GREY
    content = b"595 0 0 792 0 0 cm /I1 Do"
    return many_pages(
        [content] * pages, b"/XObject<</I1 10 0 R>>", {10: stream(zlib.compress(picture.tobytes()), image)}
    )
