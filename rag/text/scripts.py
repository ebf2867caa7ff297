"""Word segmentation of scripts that the rules for English do not fit: n-grams, letter forms, vowel signs, numerals.

Chinese, Japanese, Thai, Lao, Khmer and Burmese set no spaces between words, and Korean none before particles: a run of
their letters becomes its overlapping n-grams, as in Lucene's CJK analyzer. Arabic letters that are written in several
ways get one form, and words lose article and endings (Larkey's light stemmer, light10). Signs above and below letters
belong to their word. Text without such letters is left exactly as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

_HAN: Final = "々〆㐀-䶿一-鿿\uf900-\ufaff\U00020000-\U0003fffd"
_HANGUL: Final = "ᄀ-ᇿ가-힣"
_KANA: Final = "ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿ"
# Letters and the signs that go with them, without digits and punctuation: Thai, Lao, Burmese, Khmer.
_THAI: Final = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
_ARABIC: Final = "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f"
# Hebrew, and Devanagari to Sinhala.
_SIGNED: Final = (
    "\u05d0-\u05ea\u0900-\u0963\u0971-\u09e3\u09f0-\u0a65\u0a70-\u0ae5\u0af0-\u0b65\u0b70-\u0be5\u0bf0-\u0c65"
    "\u0c70-\u0ce5\u0cf0-\u0d65\u0d70-\u0de5\u0df2\u0df3"
)
# Forms of letters that depend on their place in a word, ligatures, and letters of full or half width.
_PRESENTED: Final = "\ufb1d-\ufdff\ufe70-\ufefc\uff01-\uffdc"
# What readers of Hebrew and Arabic do without, and the stroke that stretches an Arabic word.
_OPTIONAL: Final = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"

# A class of all letters that :func:`segmented` sets apart, for patterns that look for words in its result.
SEGMENTED: Final = f"{_HAN}{_HANGUL}{_KANA}{_THAI}{_ARABIC}{_SIGNED}"

_DIGITS: Final = "٠-٩۰-۹०-९০-৯੦-੯૦-૯୦-୯௦-௯౦-౯೦-೯൦-൯๐-๙໐-໙၀-၉០-៩"
_OTHER_DIGIT: Final = re.compile(f"[{_DIGITS}]")
_WITHOUT_SPACES: Final = re.compile(f"[{_HAN}{_KANA}{_THAI}]")
_NEEDED: Final = re.compile(f"[〇{SEGMENTED}{_PRESENTED}{_DIGITS}]")
_OTHER_FORMS: Final = re.compile(f"[{_PRESENTED}]+")
_SIGNS: Final = re.compile(f"[{_OPTIONAL}]+")
# A line that is full ends within a word.
_FULL_LINE: Final = re.compile(rf"(?<=[{_HAN}{_KANA}])\n(?=[{_HAN}{_KANA}])")
_RUN: Final = re.compile(
    f"(?P<han>[〇{_HAN}]+)|(?P<hangul>[{_HANGUL}]+)|(?P<kana>[{_KANA}]+)|(?P<thai>[{_THAI}]+)|(?P<arabic>[{_ARABIC}]+)"
)

_SMALL: Final = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_UNITS: Final = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS: Final = {"万": 10**4, "萬": 10**4}
_MYRIAD_MYRIADS: Final = {"亿": 10**8, "億": 10**8}
# More numerals in a row are no number.
_LONGEST_NUMERAL: Final = 24

# What stands between words: those that every text has, which are left out, those that deny, and numerals.
_BETWEEN_HAN: Final = re.compile(
    "(?P<stop>为什么|為什麼|多少|什么|什麼|怎么|怎麼|怎样|怎樣|如何|哪里|哪裡|哪些|哪个|哪個|请问|請問|[谁誰几幾的了吗嗎呢吧是])"
    "|(?P<negation>[不没沒未勿無无])"
    f"|(?P<numeral>[{''.join([*_SMALL, *_UNITS, *_MYRIADS, *_MYRIAD_MYRIADS])}]+)"
)
_BETWEEN_KANA: Final = re.compile(
    "(?P<stop>ください|について|でしょうか|です|ます|から|まで|より|この|その|どの|どこ|いつ|する|した|して|[はがをにでとものへやか])"
)
_BETWEEN_HANGUL: Final = re.compile("(?P<stop>무엇|언제|어디|얼마|입니까|습니다)")
_BETWEEN_THAI: Final = re.compile(
    "(?P<stop>เท่าไหร่|เท่าไร|เมื่อไหร่|เมื่อไร|อย่างไร|ที่ไหน|อะไร|ของ|และ|หรือ|เป็น|คือ|ที่)|(?P<negation>ไม่)"
)

_ONE_FORM: Final = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي"})
_ARTICLES: Final = ("وال", "بال", "كال", "فال", "ال", "لل")
_ENDINGS: Final = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")
_LEAST_STEM: Final = 2
# In the one form of their letters.
_ARABIC_STOPS: Final = frozenset(
    "في من علي الي عن ما ماذا متي كم هل اين كيف لماذا هذا هذه ذلك تلك التي الذي او ان و هو هي كان كانت مع اي ثم "
    "قد".split()
)
_ARABIC_NEGATIONS: Final = frozenset("لا لم لن ليس ليست غير بدون دون".split())

_NEGATION: Final = "not"


def needs_segmentation(text: str) -> bool:
    """True if a text has letters of scripts that :func:`segmented` sets apart, or digits that are not 0 to 9."""
    return not text.isascii() and _NEEDED.search(text) is not None


def has_no_spaces(text: str) -> bool:
    """True if a text has letters of a script that sets no spaces between words: Chinese, Japanese, Thai and others."""
    return not text.isascii() and _WITHOUT_SPACES.search(text) is not None


def segmented(text: str) -> str:
    """The text with spaces around each word, or each n-gram of words that cannot be told apart; linear in its length.

    Digits are 0 to 9, numerals are in digits, and words that deny become "not". A text without such scripts is returned
    unchanged. Offsets are not kept.
    """
    if not needs_segmentation(text):
        return text
    text = _OTHER_FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _FULL_LINE.sub("", text)
    text = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), _SIGNS.sub("", text))
    return _RUN.sub(lambda match: f" {' '.join(_SEGMENTERS[str(match.lastgroup)](match[0]))} ", text)


def _of_han(run: str) -> Iterator[str]:
    return _between(_BETWEEN_HAN, run, 1)


def _of_hangul(run: str) -> Iterator[str]:
    return _between(_BETWEEN_HANGUL, run, 1)


def _of_kana(run: str) -> Iterator[str]:
    return _between(_BETWEEN_KANA, run, 2)


def _of_thai(run: str) -> Iterator[str]:
    return _between(_BETWEEN_THAI, run, 2)


def _of_arabic(word: str) -> Iterator[str]:
    word = word.translate(_ONE_FORM)
    if word in _ARABIC_NEGATIONS:
        yield _NEGATION
    elif word not in _ARABIC_STOPS:
        yield _arabic_stem(word)


_SEGMENTERS: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "han": _of_han,
    "hangul": _of_hangul,
    "kana": _of_kana,
    "thai": _of_thai,
    "arabic": _of_arabic,
}


def _between(pattern: re.Pattern[str], run: str, size: int) -> Iterator[str]:
    """The n-grams of a run, of ``size`` letters and one more, between the words that ``pattern`` knows."""
    start = 0
    for match in pattern.finditer(run):
        yield from _n_grams(run[start : match.start()], size)
        if match.lastgroup == "negation":
            yield _NEGATION
        elif match.lastgroup == "numeral":
            yield _value(match[0])
        start = match.end()
    yield from _n_grams(run[start:], size)


def _n_grams(run: str, size: int) -> Iterator[str]:
    """The overlapping n-grams of ``size`` and ``size + 1`` letters, in order; a shorter run is one itself.

    The short ones let one letter be found within a word; the long ones outweigh what two texts share by chance.
    """
    letters = _letters(run)
    if 0 < len(letters) < size:
        yield run
    for start in range(len(letters) - size + 1):
        yield "".join(letters[start : start + size])
        if start + size < len(letters):
            yield "".join(letters[start : start + size + 1])


def _letters(run: str) -> list[str]:
    """The letters, each with the signs that follow it."""
    letters: list[list[str]] = []
    for character in run:
        if letters and unicodedata.category(character).startswith("M"):
            letters[-1].append(character)
        else:
            letters.append([character])
    return ["".join(letter) for letter in letters]


def _value(numerals: str) -> str:
    """A Chinese number in digits: 四百五十 is 450, 二〇二六 is 2026; unchanged where it is too long for a number."""
    if len(numerals) > _LONGEST_NUMERAL:
        return numerals
    if all(numeral in _SMALL for numeral in numerals):
        return "".join(str(_SMALL[numeral]) for numeral in numerals)
    total = section = digit = 0
    for numeral in numerals:
        if numeral in _SMALL:
            digit = _SMALL[numeral]
        elif numeral in _UNITS:
            # 十二 lacks the one before its ten.
            section += (digit or 1) * _UNITS[numeral]
            digit = 0
        elif numeral in _MYRIADS:
            total += (section + digit or 1) * _MYRIADS[numeral]
            section = digit = 0
        else:
            total = (total + section + digit or 1) * _MYRIAD_MYRIADS[numeral]
            section = digit = 0
    return str(total + section + digit)


def _arabic_stem(word: str) -> str:
    """A word without conjunction, article and endings, as far as two letters are left."""
    if word.startswith("و") and len(word) > _LEAST_STEM + 1:
        word = word[1:]
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _LEAST_STEM:
            word = word[len(article) :]
            break
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word[: -len(ending)]
    return word
