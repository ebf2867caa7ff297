"""OCR: lines from Tesseract's output, and a Tesseract that fails."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.ocr import AUTOMATIC, LanguageMissing, Pixels, Tesseract, find_tesseract, ink_of, lines_of
from rag.domain.values import Box
from rag.errors import FileFault

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
Row = tuple[int, str, int, int, int, int]


def table(*rows: Row, confidence: float = 96.0) -> str:
    """Rows of line, text, left, top, width, height."""
    words = [f"5\t1\t1\t1\t{r[0]}\t1\t{r[2]}\t{r[3]}\t{r[4]}\t{r[5]}\t{confidence}\t{r[1]}\n" for r in rows]
    return HEADER + "4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t\n" + "".join(words)


def test_lines_of_words_with_boxes_in_points() -> None:
    lines = lines_of(
        table((1, "Pump", 100, 100, 80, 31), (1, "lid", 200, 100, 40, 24), (2, "ox", 100, 150, 40, 17)), 2.0
    )
    assert [line.text for line in lines] == ["Pump lid", "ox"]
    (pump, _), (ox,) = lines[0].pieces, lines[1].pieces
    assert (pump.box.x0, pump.box.x1) == (50.0, 90.0)
    assert pump.box.y0 <= 50.0
    assert pump.box.y1 == pytest.approx(65.5, abs=0.1)
    # As high as the letters of the line may be, though it has none that go up or down.
    assert ox.box.y1 - ox.box.y0 > 14
    assert {piece.size for line in lines for piece in line.pieces} == {17.0}


def test_much_larger_lines_keep_their_size() -> None:
    body = [(n, "The lid is blue", 100, 100 + 50 * n, 300, 30) for n in range(5)]
    sizes = [line.size for line in lines_of(table((0, "Heading", 100, 20, 300, 82), *body), 1.0)]
    assert sizes[0] > 1.5 * sizes[1]
    assert len(set(sizes[1:])) == 1


@pytest.mark.parametrize("text", ["|", "__", "~", " ", "¦|", "\u200b"])
def test_rules_and_specks_are_no_words(text: str) -> None:
    assert lines_of(table((1, text, 1, 1, 9, 9)), 1.0) == []


def test_what_is_hardly_recognised_is_left_out() -> None:
    assert lines_of(table((1, "qjx", 1, 1, 9, 9), confidence=12.0), 1.0) == []


def test_a_bullet_is_a_bullet() -> None:
    spaced = table((1, "e", 100, 100, 10, 17), (1, "Pump", 140, 100, 80, 31))
    assert lines_of(spaced, 1.0)[0].text == "• Pump"
    close = table((1, "o", 100, 100, 10, 17), (1, "Pump", 114, 100, 80, 31))
    assert lines_of(close, 1.0)[0].text == "o Pump"


def test_a_dollar_is_a_dollar() -> None:
    assert lines_of(table((1, "§$4", 1, 1, 30, 20)), 1.0)[0].text == "$4"


@pytest.mark.parametrize(
    ("above", "below", "hyphenated", "text"),
    [
        ("regu-", "lation", True, "regu"),
        ("well-", "Known", False, "well-"),
        ("2-", "nd", False, "2-"),
        ("a —", "b", False, "a —"),
    ],
)
def test_hyphens_at_the_end_of_a_line(above: str, below: str, hyphenated: bool, text: str) -> None:
    first, second = lines_of(table((1, above, 1, 1, 50, 20), (2, below, 1, 40, 50, 20)), 1.0)
    assert (first.hyphenated, first.text, second.hyphenated) == (hyphenated, text, False)


@given(st.lists(st.tuples(st.integers(1, 3), st.text(max_size=6), *[st.integers(0, 500)] * 4), max_size=12))
def test_any_table(rows: list[Row]) -> None:
    for line in lines_of(table(*rows), 3.0):
        assert line.pieces
        assert line.text.strip()
        assert line.size >= 1
        for piece in line.pieces:
            assert isinstance(piece.box, Box)


@pytest.mark.parametrize(
    ("shades", "blank"),
    [
        pytest.param({255: 500_000}, True, id="white"),
        pytest.param({235: 300_000, 225: 150_000, 215: 50_000}, True, id="grainy paper"),
        pytest.param({255: 499_995, 0: 5}, True, id="dust"),
        pytest.param({255: 499_960, 0: 40}, False, id="a page number"),
        pytest.param({0: 400_000, 255: 90_000}, False, id="white on black"),
    ],
)
def test_blank(shades: dict[int, int], blank: bool) -> None:
    assert (ink_of([shades.get(shade, 0) for shade in range(256)]) == 0) is blank


PICTURE = Pixels(b"\xff" * 100, 10, 10, 1.0)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program named tesseract that does what its script says."""
    path = tmp_path / "bin" / "tesseract"
    path.parent.mkdir()
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    find_tesseract.cache_clear()
    yield path
    find_tesseract.cache_clear()


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_a_program_is_asked_for_its_version_and_languages(program: Path) -> None:
    write(program, 'case "$1" in --version) echo "tesseract 9.1";; *) printf "List:\\neng\\ndeu\\n";; esac')
    assert find_tesseract(("eng",)) == Tesseract(str(program), "9.1", ("eng",))
    assert find_tesseract(("eng", "deu")) is not None
    assert find_tesseract(("fra",)) is None


def test_data_that_is_missing_is_named_with_its_package(program: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(program, 'case "$1" in --version) echo "tesseract 9.1";; *) printf "List:\\neng\\n";; esac')
    assert find_tesseract(("eng", "chi_sim")) is None
    assert "install tesseract-ocr-chi-sim" in caplog.text
    assert find_tesseract(AUTOMATIC) is None
    assert "install tesseract-ocr-osd" in caplog.text


def test_by_the_script_of_each_page_all_languages_are_taken(program: Path) -> None:
    write(program, 'case "$1" in --version) echo "tesseract 9.1";; *) printf "List:\\nosd\\nequ\\nrus\\neng\\n";; esac')
    found = find_tesseract(AUTOMATIC)
    assert found == Tesseract(str(program), "9.1", ("rus", "eng"), finds_script=True, turns=True)
    assert found.name == "tesseract 9.1 auto rus+eng"


def of_script(script: str) -> str:
    """A program that tells a page on its side in a script, and recognizes its languages and the picture's width."""
    about = f"Rotate: 90\\nOrientation confidence: 9\\nScript: {script}\\n"
    row = table((1, "LANGUAGES", 1, 1, 9, 9))
    return (
        f'case "$*" in *"-l osd"*) printf \'{about}\';; '
        f"*) size=$(head -c 7 | cut -d' ' -f2); printf '%s' '{row}' | sed \"s/LANGUAGES/$4-$size/\";; esac"
    )


@pytest.mark.parametrize(
    ("script", "languages"),
    [pytest.param("Cyrillic", "rus"), pytest.param("Latin", "eng+deu")],
    ids=["Cyrillic", "Latin"],
)
def test_a_page_is_turned_and_recognized_in_the_languages_of_its_script(
    program: Path, script: str, languages: str
) -> None:
    write(program, of_script(script))
    tesseract = Tesseract(str(program), "9", ("deu", "eng", "rus"), finds_script=True)
    lines, degrees = tesseract.read(Pixels(b"\xff" * 200, 10, 20, 1.0))
    assert ([line.text for line in lines], degrees) == ([f"{languages}-20"], 90)


def test_a_script_without_data_names_its_package(program: Path) -> None:
    write(program, of_script("Cyrillic"))
    tesseract = Tesseract(str(program), "9", ("eng",), finds_script=True)
    with pytest.raises(LanguageMissing, match="Cyrillic; install tesseract-ocr-rus"):
        tesseract.read(PICTURE)


def of_width(upright: str, sideways: str, degrees: int = 90) -> str:
    """A program that recognizes one table in a picture that is 20 wide, and another in a narrower one."""
    about = f"Rotate: {degrees}\\nOrientation confidence: 9\\nScript: Latin\\n"
    return (
        f'case "$*" in *"-l osd"*) printf \'{about}\';; *) size=$(head -c 7 | cut -d" " -f2); '
        f"if [ $size = 20 ]; then printf '%s' '{upright}'; else printf '%s' '{sideways}'; fi;; esac"
    )


UNSURE = table(*((1, "fsayn", 60 * place, 1, 50, 9) for place in range(25)), confidence=30)
SURE = table((1, "Seen", 1, 1, 9, 9))


@pytest.mark.parametrize(
    ("turns", "sideways", "expected"),
    [
        pytest.param(True, UNSURE, (["Seen"], 90), id="few words are sure"),
        pytest.param(True, table((1, "Here", 1, 1, 9, 9)), (["Here"], 0), id="words are sure"),
        pytest.param(False, UNSURE, ([], 0), id="no data for the orientation"),
    ],
)
def test_a_page_in_given_languages_is_turned_where_few_words_are_sure(
    program: Path, turns: bool, sideways: str, expected: tuple[list[str], int]
) -> None:
    write(program, of_width(SURE, sideways))
    lines, degrees = Tesseract(str(program), "9", ("eng",), turns=turns).read(Pixels(b"\xff" * 200, 10, 20, 1.0))
    assert ([line.text for line in lines], degrees) == expected


def test_a_page_of_unsure_words_has_none(program: Path) -> None:
    write(program, f"printf '%s' '{UNSURE}'")
    assert Tesseract(str(program), "9", ("eng",)).lines(PICTURE) == []


def test_dot_leaders_do_not_make_a_page_unsure(program: Path) -> None:
    leaders = table(*((2, "cence", 60 * place, 1, 50, 9) for place in range(25)), confidence=10)
    write(program, f"printf '%s' '{table((1, 'Contents', 1, 1, 9, 9)) + leaders.removeprefix(HEADER)}'")
    assert [line.text for line in Tesseract(str(program), "9", ("eng",)).lines(PICTURE)] == ["Contents"]


def test_a_page_with_too_few_words_is_upright(program: Path) -> None:
    recognized = table((1, "Seen", 1, 1, 9, 9))
    write(program, f"case \"$*\" in *\"-l osd\"*) exit 1;; *) printf '%s' '{recognized}';; esac")
    lines, degrees = Tesseract(str(program), "9", ("eng",), finds_script=True).read(PICTURE)
    assert ([line.text for line in lines], degrees) == (["Seen"], 0)


def test_a_program_that_does_not_start(program: Path) -> None:
    write(program, "exit 127")
    assert find_tesseract(("eng",)) is None


def test_a_program_that_fails_or_hangs(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(program, "echo broken >&2; exit 1")
    tesseract = Tesseract(str(program), "9", ("eng",))
    with pytest.raises(FileFault, match="OCR of a page failed"):
        tesseract.lines(PICTURE)
    monkeypatch.setattr("ingest.readers.ocr._SECONDS_PER_PAGE", 0.05)
    write(program, "exec sleep 5")
    with pytest.raises(FileFault, match="took longer"):
        tesseract.lines(PICTURE)


def test_the_picture_is_its_standard_input(program: Path) -> None:
    write(
        program,
        f"test \"$OMP_THREAD_LIMIT\" = 1 && test $(wc -c) = 113 && printf '%s' '{table((1, 'Seen', 1, 1, 9, 9))}'",
    )
    assert [line.text for line in Tesseract(str(program), "9", ("eng",)).lines(PICTURE)] == ["Seen"]
