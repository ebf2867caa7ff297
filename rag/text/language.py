"""Language identification by function words: seven European languages, no model."""

from __future__ import annotations

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
# Function words of a language that a text needs at least; it also needs more of them than of any other language.
_FEWEST: Final = 2


def language_of(text: str) -> str | None:
    """The English name of a text's language; None where its function words do not decide."""
    counted = Counter(word.casefold() for word in LETTERS.findall(text))
    counts = {language: sum(counted[word] for word in words) for language, words in _SETS.items()}
    (best, most), (_, second) = Counter(counts).most_common(2)
    return best if most >= _FEWEST and most > second else None
