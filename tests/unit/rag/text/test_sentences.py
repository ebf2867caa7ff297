"""Sentence segmentation of text from PDFs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import line_spans, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


marks = st.sampled_from(
    [".", "!", "?", '."', ".)", "\n", "\n\n", "\n\n\n", " ", "  ", "Dr.", "e.g.", "A.", "3.5", "’s"]
)
texts = st.lists(st.one_of(marks, st.text("abAZ é漢😀0", min_size=1, max_size=6)), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Open 3:00 p.m. - 6:00 p.m. at $7. Pay.", ["Open 3:00 p.m. - 6:00 p.m. at $7.", "Pay."], id="hours"
        ),
        pytest.param(
            "Open 3 p.m.\n– 6 p.m. Then not.", ["Open 3 p.m.\n– 6 p.m.", "Then not."], id="hours on two lines"
        ),
        pytest.param("One is. Two is! Is three?", ["One is.", "Two is!", "Is three?"], id="full stops"),
        pytest.param("No full stop", ["No full stop"], id="without full stop"),
        pytest.param("Ask Dr. Weber. He knows.", ["Ask Dr. Weber.", "He knows."], id="Dr."),
        pytest.param("Tools, e.g. a saw, help.", ["Tools, e.g. a saw, help."], id="e.g."),
        pytest.param("See Fig. 3 and p. 4. Then go.", ["See Fig. 3 and p. 4.", "Then go."], id="Fig. and p."),
        pytest.param("(cf. Sec. 2) It holds.", ["(cf. Sec. 2) It holds."], id="after a bracket"),
        pytest.param("J. R. Smith built it. It runs.", ["J. R. Smith built it.", "It runs."], id="initials"),
        pytest.param("It is 3.5 m long. It fits.", ["It is 3.5 m long.", "It fits."], id="decimal"),
        pytest.param("Visit pump.example.org today. Now.", ["Visit pump.example.org today.", "Now."], id="inner dots"),
        pytest.param('He said "stop." Then he left.', ['He said "stop."', "Then he left."], id="quotes"),
        pytest.param("It is “so.” (Really.) Yes.", ["It is “so.”", "(Really.)", "Yes."], id="curly quotes, bracket"),
        pytest.param("A title\n\nThe text.", ["A title", "The text."], id="blank line"),
        pytest.param("A title\n\n\n\nThe text.", ["A title", "The text."], id="many blank lines"),
        pytest.param("The line is\nfull. So\nis this.", ["The line is\nfull.", "So\nis this."], id="soft line breaks"),
        pytest.param(
            "UP to shut it off\nIMPORTANT: Do not\nturn it.",
            ["UP to shut it off", "IMPORTANT: Do not\nturn it."],
            id="signal word",
        ),
        pytest.param("See the\nNote: of May.", ["See the", "Note: of May."], id="signal word in small letters"),
        pytest.param("Take\nNOTES of it.", ["Take\nNOTES of it."], id="no signal without a colon"),
        pytest.param("See Fig.\n\nNext part.", ["See Fig.", "Next part."], id="abbreviation before a blank line"),
        pytest.param("What?! Yes... No.", ["What?!", "Yes...", "No."], id="several marks"),
        pytest.param("  \n Padded.  \n\n ", ["Padded."], id="white space around"),
        pytest.param("The Idr. ended. So.", ["The Idr.", "ended.", "So."], id="ends like an abbreviation"),
        pytest.param("Es gilt z. B. am 3. Mai. Dann nicht.", ["Es gilt z. B. am 3. Mai.", "Dann nicht."], id="German"),
        pytest.param(
            "Nach Abs. 3 bzw. 4 gilt es. So.", ["Nach Abs. 3 bzw. 4 gilt es.", "So."], id="German abbreviations"
        ),
        pytest.param("Es sind 3. Mehr nicht.", ["Es sind 3.", "Mehr nicht."], id="a number at the end"),
        pytest.param("Tun Sie dies:\n3. Mai abwarten.", ["Tun Sie dies:\n3.", "Mai abwarten."], id="number of a step"),
        pytest.param("La Sra. Díaz paga. Ella va.", ["La Sra. Díaz paga.", "Ella va."], id="Spanish"),
        pytest.param("Option a. Then go.", ["Option a.", "Then go."], id="one letter at the end"),
        pytest.param("第一句。第二句！「第三句？」完", ["第一句。", "第二句！", "「第三句？」", "完"], id="Chinese"),
        pytest.param("متى؟ غدا.", ["متى؟", "غدا."], id="Arabic question"),
        pytest.param("यह है। वह है।", ["यह है।", "वह है।"], id="Hindi"),
        pytest.param(
            "Service calls to: 1. Move it. 2. Replace lamps. B. Damage. It is 3. So.",
            ["Service calls to: 1. Move it.", "2. Replace lamps.", "B. Damage.", "It is 3.", "So."],
            id="a list that runs on",
        ),
        pytest.param("In total: 12. The rest is lost.", ["In total: 12.", "The rest is lost."], id="amount"),
        pytest.param("a. Lids. ii. Keys.", ["a. Lids.", "ii. Keys."], id="small letters and numerals"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\n ", [], id="only white space"),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "In Brown v. Board of Education it was held.",
        "The case of Tarn v. The Harbour was lost.",
        "Oak vs. Ash is the question.",
        "Compare it, cf. Weber and Lind, with ours.",
        "It weighs approx. Ten pounds.",
        "It weighs approx. 10 pounds.",
        "Approx. 10 pounds are lost.",
        "See No. 5 of the list.",
        "See no. 5 and Nos. 6 to 9.",
        "Ask for No. TR-40 at the desk.",
        "See Fig. A and Figs. 3 to 5, fig. 6, too.",
        "See Fig. and text.",
        "Under Art. 5 and art. IV it is void.",
        "Under Sec. 2 and sec. (a) it is void.",
        "Pay in euros, e.g. Monday's fee.",
        "E.g. Monday is closed.",
        "The last day, i.e. Friday, is free.",
        "I.e. Friday is free.",
        "It ran from Jan. 5 to Sept. 3.",
        "The U.S. Treasury paid it.",
        "It opens at 9 a.m. on Monday.",
        "Ask Prof. Lind or St. Mary's.",
        "Acme Inc. Europe sold saws, nails etc. to Dr. Weber.",
        "NO OPEN FLAMES, SUCH AS GRILLS, ETC. ARE ALLOWED UNDER OVERHANGS.",
        "Weber et al. Found it in Vol. 3, p. 12.",
        "A. The tenant pays.",
    ],
)
def test_a_sentence_goes_on_after_an_abbreviation(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is it covered? The answer is no.", "We pay nothing."),
        ("No.", "It is not covered."),
        ("No.", "I do not know."),
        ("He loves art.", "I paint."),
        ("I have the app.", "How do I log in?"),
        ("i have the app.", "how do i log in?"),
        ("It was sold to Acme Inc.", "The price was low."),
        ("They sell saws, nails etc.", "We buy them."),
        ("It was made in the U.S.", "It is old."),
        ("It opens at 9 a.m.", "Dogs are free."),
        ("It takes 5 ms.", "Nobody waits."),
        ("It takes 9 min.", "Then it stops."),
        ("It is in Dec.", "Nobody comes."),
        ("It is in San Jose, CA.", "Nobody comes."),
        ("See the fig.", "Nobody comes."),
    ],
)
def test_a_sentence_ends_after_what_only_looks_like_an_abbreviation(one: str, other: str) -> None:
    assert sentences(f"{one} {other}") == [*sentences(one), other]


@given(texts)
def test_spans_are_in_order_and_disjoint(text: str) -> None:
    last = 0
    for start, end in sentence_spans(text):
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end


@given(texts)
def test_only_white_space_is_outside_of_sentences(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(texts)
def test_no_sentence_runs_over_a_blank_line(text: str) -> None:
    assert not any("\n\n" in sentence for sentence in sentences(text))


@given(texts, st.data())
def test_lines(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = [text[a:b] for a, b in line_spans(text, start, end)]
    assert found == [line.strip() for line in text[start:end].split("\n") if line.strip()]
    assert all(start <= a < b <= end for a, b in line_spans(text, start, end))
