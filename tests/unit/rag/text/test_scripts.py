"""Word segmentation of scripts without spaces, of Arabic letter forms, and of numerals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.scripts import needs_segmentation, segmented
from rag.text.words import words

LATIN = st.text(st.characters(max_codepoint=0x058F) | st.sampled_from("’“”—…€ﬁ"), max_size=60)
ANY = st.text(st.sampled_from("abc 123.,\n年十二天不的カなไม่ห้าمدة٢हिन्दी가니Ａ１ﻼ"), max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("带薪年假", ["带", "带薪", "薪", "薪年", "年", "年假", "假"], id="Chinese: letters and pairs"),
        pytest.param("十二天", ["12", "天"], id="Chinese number"),
        pytest.param("每晚四百五十元", ["每", "每晚", "晚", "450", "元"], id="number between words"),
        pytest.param("iPhone15手机", ["iphon", "15", "手", "手机", "机"], id="Latin word beside Chinese"),
        pytest.param("多少天", ["天"], id="a question word is left out"),
        pytest.param("不允许", ["not", "允", "允许", "许"], id="Chinese negation"),
        pytest.param(
            "带薪\n年假", ["带", "带薪", "薪", "薪年", "年", "年假", "假"], id="a full line ends within a word"
        ),
        pytest.param("１２天", ["12", "天"], id="wide digits"),
        pytest.param("カードです", ["カー", "カード", "ード"], id="Japanese: two and three letters"),
        pytest.param("휴가", ["휴", "휴가", "가"], id="Korean"),
        pytest.param("ไม่ให้", ["not", "ให้"], id="Thai negation; a letter keeps its signs"),
        pytest.param("الإجازة", ["اجاز"], id="Arabic article, alef and ending"),
        pytest.param("ﺍﻹﺟﺎﺯﺓ", ["اجاز"], id="Arabic presentation forms with lam-alef"),
        pytest.param("مُدّة", ["مد"], id="Arabic points"),
        pytest.param("٢١ يومًا", ["21", "يوما"], id="Arabic digits"),
        pytest.param("لا يسمح", ["not", "يسمح"], id="Arabic negation"),
        pytest.param("שָׁלוֹם", ["שלום"], id="Hebrew points"),
        pytest.param("हिन्दी १२", ["हिन्दी", "12"], id="Hindi vowel signs and digits"),
    ],
)
def test_words_of_other_scripts(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("numerals", "value"),
    [
        pytest.param("十", "10", id="ten without one"),
        pytest.param("二十", "20", id="tens"),
        pytest.param("一千零五", "1005", id="zero within"),
        pytest.param("三万五千", "35000", id="myriads"),
        pytest.param("一亿二千万", "120000000", id="myriad myriads"),
        pytest.param("两百", "200", id="liang"),
        pytest.param("二〇二六", "2026", id="digit by digit"),
        pytest.param("九" * 25, "九" * 25, id="too long for a number"),
    ],
)
def test_value_of_chinese_numerals(numerals: str, value: str) -> None:
    assert segmented(numerals).split() == [value]


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        ("十二天", "员工每年享有十二天带薪年假。"),
        ("12天", "员工每年享有十二天带薪年假。"),
        ("早上八点半", "上班时间为早上八点半至下午五点半。"),
        ("٢١ يوما", "مدة الإجازة السنوية ٢١ يومًا."),
        ("21 يوما", "مدة الإجازة السنوية ٢١ يومًا."),
    ],
)
def test_a_part_of_a_sentence_has_only_its_words(draft: str, sentence: str) -> None:
    assert set(words(draft)) <= set(words(sentence))


@given(LATIN)
def test_text_without_such_scripts_is_unchanged(text: str) -> None:
    assert not needs_segmentation(text)
    assert segmented(text) is text


@given(ANY)
def test_segmentation_is_bounded_and_loses_no_latin_word(text: str) -> None:
    spaced = segmented(text)
    assert len(spaced) <= 24 * len(text)
    assert not any(letter in spaced for letter in "٢１２Ａ")
    assert spaced.count("abc") == text.count("abc")
