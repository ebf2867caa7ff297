"""Garbled-text detection: garbled pages are found, unusual ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.garbled import garbled_reason

ENGLISH = (
    "The pump has a blue lid that is held by four screws, and it weighs nine kilograms. Members of the cooperative are "
    "entitled to thirty days of leave in each year of service. Requests are made in writing, at least two weeks before "
    "the first day, to the office in Skarholm. "
)
GERMAN = (
    "Der Müller fährt über die Brücke nach Köln und prüft dort die Größe und das Gewicht der neuen Pumpe. Das "
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz regelt die Übertragung der Aufgaben. Die Kapitäne "
    "der Donauschifffahrt halten das für richtig, die Mitglieder der Genossenschaft aber leider nicht. "
) * 2
FRENCH = "L’été dernier, l’élève a été très déçu : où était passé le célèbre œuvre d’art près de l’église ? " * 3
CZECH = (
    "Strč prst skrz krk, řekl starý vlk, a potom odešel k řece. "
    "Příliš žluťoučký kůň úpěl ďábelské ódy na krmných vrších. "
) * 3
VIETNAMESE = "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và các quyền. " * 3
GREEK = "Η γρήγορη αλεπού πηδά πάνω από το τεμπέλικο σκυλί, και το λιμάνι ανοίγει στις οκτώ το πρωί. " * 4
RUSSIAN = "Насос имеет синюю крышку, она держится на четырёх винтах и весит девять килограммов. " * 4
CHINESE = "水泵有一个蓝色的盖子由四个螺丝固定重量为九公斤合作社成员每年有三十天的假期" * 8
JAPANESE = "ポンプには青い蓋があり四本のねじで固定されている。重さは九キログラムである。" * 8
THAI = "ปั๊มมีฝาปิดสีน้ำเงินซึ่งยึดด้วยสกรูสี่ตัวและมีน้ำหนักเก้ากิโลกรัม" * 6
TABLE = "\n".join(f"Q{n} 2024  $ {n * 137:,}.{n:02}  ({n}%)  —  1{n},3{n}4 | {n}.5 x" for n in range(40))
CODE = (
    "static int ctx_str_cpy(struct ctx *ptr, const char *src) {\n  if (!ptr || !src) return -1;\n"
    "  for (size_t i = 0; i < len; i++) buf[i] = src[i] ^ 0x5a; // xor\n  return strncpy(dst, src, sz) == NULL;\n}\n"
) * 5
FORMULAS = "L(θ) = −∑ₙ log p(xₙ | θ) + λ‖θ‖² , ∂L/∂θ = 0 ⇒ x̂ = (AᵀA)⁻¹Aᵀb ; a b c = x y z (1) " * 6
CONTENTS = "\n".join(f"{n}.{n} Chapter {'.' * 70} {n}" for n in range(30))
FORM = "\n".join(f"Name: {'_' * 60} Date: ____ / ____ / ____ [ ] yes [ ] no" for _ in range(20))
TICKERS = "AAPL MSFT AMZN GOOG NVDA META TSLA BRKB JPM XOM UNH JNJ PG MA HD CVX LLY ABBV MRK PEP KO COST AVGO TMO " * 4
GENES = "ACGTACGGTTCAGATTACAGGCATGAGCCACCGTGCCCGGCCTAATTTTTGTATTTT\n" * 12


HAUSA = "Ƙungiyar ƙwadago ta ɗauki ma'aikata ƙwararru. Yaƙi da ƴan ta'adda, ƙasa da ƙasa, ɓangaren ƙarshe. " * 3
PINYIN = "Wǒ hěn hǎo, nǐ ne? Nǚ háizi mǎi le wǔ běn shū. Lǎoshī měi tiān zǎoshang kǎo wǒmen liǎng biàn. " * 3


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH, GERMAN, FRENCH, CZECH, VIETNAMESE, GREEK, RUSSIAN, CHINESE, JAPANESE, THAI, HAUSA, PINYIN, TABLE,
        CODE, FORMULAS, CONTENTS, FORM, TICKERS, "",
        "Page 7", "\uf0b7 one\n\uf0b7 two\n\uf0b7 three", "• " * 100, "x" * 199,
        "https://www.example.org/a/very/long/address/with-many-parts?and=queries&more=of_them " * 8,
        "A B C D E F G H\n1 2 3 4 5 6 7 8\n" * 4 + ENGLISH,
    ],
)  # fmt: skip
def test_odd_is_not_garbled(text: str) -> None:
    assert garbled_reason(text) is None


def shifted(text: str, by: int) -> str:
    """Text of a font without a Unicode map: each letter is replaced by another one."""
    return "".join(chr(ord(c) + by) if c.isalpha() else c for c in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("\ue001\ue042\ue017 \ue100" * 20, "glyphs without characters", id="private use"),
        pytest.param("\ufffd\ufffd\ufffd a \ufffd" * 20, "glyphs without characters", id="replacement"),
        pytest.param("(cid:12)(cid:7) a (cid:133)" * 20, "glyphs without characters", id="cid"),
        pytest.param('!"#$%&()*+,-' * 30, "signs instead of letters", id="signs"),
        pytest.param("".join(filter(str.isalpha, ENGLISH)), "words without spaces", id="no spaces"),
        pytest.param(" ".join(ENGLISH.replace(" ", "")), "letters apart", id="spaces everywhere"),
        pytest.param(shifted(ENGLISH * 2, 3), "words that cannot be spoken", id="shifted by three"),
        pytest.param(shifted(ENGLISH.lower() * 2, -29), "words that cannot be spoken", id="shifted to capitals"),
        pytest.param(RUSSIAN.encode("cp1251").decode("cp1252"), "accents on most letters", id="another alphabet"),
    ],
)
def test_garbled(text: str, said: str) -> None:
    assert garbled_reason(text) == said


@pytest.mark.parametrize(
    ("text", "unmapped", "said"),
    [
        pytest.param("- / %,-0 0", 25, "glyphs without characters", id="a line"),
        pytest.param(ENGLISH, len(ENGLISH), "glyphs without characters", id="half of a page"),
        pytest.param("Bolts Nuts Rings", 3, None, id="three bullets"),
        pytest.param(ENGLISH, 5, None, id="bullets of a page"),
    ],
)
def test_glyphs_that_are_control_codes(text: str, unmapped: int, said: str | None) -> None:
    assert garbled_reason(text, unmapped) == said


@given(st.permutations(ENGLISH.split() * 2))
def test_words_in_any_order_are_words(words: list[str]) -> None:
    assert garbled_reason(" ".join(words)) is None


@given(st.text(max_size=120))
def test_any_text_can_be_judged(text: str) -> None:
    assert garbled_reason(text) in (
        None, "glyphs without characters", "signs instead of letters", "words without spaces", "letters apart",
        "words that cannot be spoken", "accents on most letters",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ǡǼǱǺ ǓǯǯǱǿǿ", id="two words"),
        pytest.param("او䆀ឮᑽٱĴǎƶơǎƹŎķٳ㶜ຝ䆀䩱ط ǔ Ӓا㦇♑ Ƽǎ ƹƃơŃ", id="among other letters"),
    ],
)
def test_letters_of_no_language(text: str) -> None:
    assert garbled_reason(text) == "letters of no language"


def test_a_name_with_rare_letters_is_none() -> None:
    assert garbled_reason("The ǃXóõ, the ǂKhomani and the ǀXam speak Khoisan languages, as the ǁAni do. ǂǀǁ") is None


@pytest.mark.parametrize("sign", [".", "·", "_", "-", "…", "•", "*", "—", "~", ". ", "· ", "- ", "_ ", "• "])
def test_contents_with_leaders_are_not_garbled(sign: str) -> None:
    titles = ["Pumps of the harbour", "Keepers and their hours", "The museum", "Prices for boats", "Old customs"]
    text = "\n".join(f"{title} {sign * 70} {3 + number}" for number, title in enumerate(titles * 4))
    assert garbled_reason(text) is None
