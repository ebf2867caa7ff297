"""Language identification without a model: by script, and by function words for seven European languages."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from rag.text.words import LETTERS

# The most frequent function words, without those that two of these languages share.
_FUNCTION_WORDS: Final = {
    "English": "the of and to is that for it with as was on are by this be from or have an at not which how what "
    "when where who why does do did can much many long often should must will if there",
    "German": "der die das und ist nicht ein eine einen einem einer mit auf für von dem den wie viel viele was wann "
    "wo wer warum welche welcher welches wird werden kann muss darf bei zum zur über nach gibt sich auch "
    "oder ich wir sind hat",
    "French": "le les des est et une pour dans que qui quel quelle quels quelles combien quand où pourquoi comment "
    "sur au aux avec il elle nous vous sont être doit peut ce cette du par ne pas faut je",
    "Spanish": "el los las una del qué cuánto cuánta cuántos cuántas cuándo dónde cómo quién cuál por para con es "
    "son está se puede debe hay al y lo su más cada tiene hace durante",
    "Italian": "il gli che è di della delle dei degli nel nella quanto quanta quanti quante quando dove come chi "
    "quale per con sono può deve si una ogni dopo ha",
    "Dutch": "het een van en is niet dat op te zijn voor met hoe veel wat wanneer waar wie waarom welke wordt "
    "worden kan moet mag bij naar ook er ik wij hebben heeft",
    "Portuguese": "o os uma dos das do da não que quanto quanta quantos quantas quando onde como quem qual para com é "
    "são está pode deve há ao mais cada tem em",
}
_SETS: Final = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
# Those of all these languages, in lower case.
FUNCTION_WORDS: Final = frozenset().union(*_SETS.values())
# Function words of a language that a text needs at least; it also needs more of them than of any other language.
_FEWEST: Final = 2

# The language that is most often written in a script; Japanese before Chinese, whose letters it has, too.
_SCRIPTS: Final = {
    "Japanese": re.compile("[ぁ-ヿ]"),
    "Chinese": re.compile("[㐀-䶿一-鿿]"),
    "Korean": re.compile("[가-힣]"),
    "Arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]"),
    "Hebrew": re.compile("[\u05d0-\u05ea]"),
    "Hindi": re.compile("[\u0904-\u0939]"),
    "Thai": re.compile("[\u0e01-\u0e30\u0e40-\u0e46]"),
    "Russian": re.compile("[Ѐ-ӿ]"),
    "Greek": re.compile("[Ͱ-Ͽἀ-῿]"),
}
# Least share of the letters of a text that are of the script of its language: names and units may be of another.
_OF_SCRIPT: Final = 1 / 3
# The same for the letters that only Japanese has, among those that Chinese has, too.
_KANA: Final = 1 / 10


def language_of(text: str) -> str | None:
    """The English name of a text's language; None where neither its script nor its function words decide."""
    if not text.isascii() and (language := _language_of_script(text)):
        return language
    counted = Counter(word.casefold() for word in LETTERS.findall(text))
    counts = {language: sum(counted[word] for word in words) for language, words in _SETS.items()}
    (best, most), (_, second) = Counter(counts).most_common(2)
    return best if most >= _FEWEST and most > second else None


def _language_of_script(text: str) -> str | None:
    """The language of the script in which at least a third of the letters are written; None for Latin letters."""
    letters = sum(map(len, LETTERS.findall(text)))
    counts = {language: len(pattern.findall(text)) for language, pattern in _SCRIPTS.items()}
    if counts["Japanese"] >= _KANA * counts["Chinese"]:
        counts["Japanese"] += counts.pop("Chinese")
    best = max(counts, key=counts.__getitem__)
    return best if letters and counts[best] >= _OF_SCRIPT * letters else None
