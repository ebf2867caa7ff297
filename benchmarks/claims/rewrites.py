"""Rewrites that keep the meaning: the wording in which a language model says what a sentence says.

Each takes a sentence and gives another, or None where it does not apply. They are rough, as rules are; one in some
twenty changes a shade of the meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final, TypeAlias

from benchmarks.claims.sources import Sentence

Rewrite: TypeAlias = Callable[[str, Random], str | None]

_WORDINGS: Final[Mapping[str, str]] = {
    r"\bmust\b(?! not)": "has to",
    r"\bhas to\b": "must",
    r"\bhave to\b": "must",
    r"\bis required to\b": "must",
    r"\bshall\b(?! not)": "must",
    r"\bcannot\b": "can’t",
    r"\bis not\b": "isn’t",
    r"\bare not\b": "aren’t",
    r"\bdoes not\b": "doesn’t",
    r"\bat least (\d[\d,.]*\d|\d)": r"a minimum of \1",
    r"\bmore than (\d)": r"over \1",
    r"\bup to (\d)": r"at most \1",
    r"\bno more than (\d)": r"at most \1",
    r"\bless than (\d)": r"under \1",
    r"\bevery (day|week|month|year)\b": r"each \1",
    r"\bbecause\b": "since",
    r"\bonly if\b": "only when",
    r"\bwithin (\d+) (days|weeks|months|hours)\b": r"in no more than \1 \2",
    r"(\d) per cent\b": r"\1%",
    r"(\d)%": r"\1 percent",
    r"\babout (\d)": r"approximately \1",
    r"\bapproximately (\d)": r"about \1",
    r"\b12 months\b": "one year",
    r"\b24 months\b": "two years",
    r"\b14 days\b": "two weeks",
    r"\btwo\b": "2",
    r"\bthree\b": "3",
    r"\bfour\b": "4",
    r"\bfive\b": "5",
    r"\bsix\b": "6",
    r"\bten\b": "10",
    r"\bif you\b": "when you",
    r"\bhowever, ": "",
    r"\balso ": "",
    r"\btherefore,? ": "",
    r"\bbegins?\b": "starts",
    r"\bbuys?\b": "purchases",
    r"\bused\b": "employed",
    r"\bshows?\b": "indicates",
    r"\bensure\b": "make sure",
    r"\bprovides?\b": "offers",
    r"\breceives?\b": "gets",
    r"\brequired\b": "needed",
    r"\bpurchased?\b": "bought",
    r"\bassist\b": "help",
    r"\bobtain\b": "get",
    r"\bin order to\b": "to",
    r"\bsuch as\b": "for example",
    r"\bregarding\b": "about",
    r"\bprior to\b": "before",
    r"\blocated\b": "found",
    r"\breplace\b": "change",
    r"\bchildren\b": "kids",
    r"\bcalled\b": "named",
    r"\bcontains?\b": "holds",
    r"\badditional\b": "further",
    r"\bemployees\b": "staff",
    r"\bfor example,? ": "",
    r"\bnumber of\b": "count of",
    r"\blarge\b": "big",
    r"\bselect\b": "choose",
    r"\bmay be\b": "can be",
    r"\bcosts\b": "is priced at",
    r"(?<!the )\bmembers (?=must|may|can|have|are)": "the members ",
    r"\bperson\b": "individual",
    r"\bdamaged?\b": "harmed",
}
_PARENTHESES: Final = re.compile(r" \([^()]{3,60}\)")
_OPENERS: Final = re.compile(
    r"(?:However|Therefore|In addition|Furthermore|Moreover|For example|In fact|Finally|Also|Thus|Of course), (\w)"
)
_CONDITION_FIRST: Final = re.compile(r"((?:If|When|Once|After|Before|Unless|Until) [^,;:]{8,90}), ([^;:]{12,}?)\.")
_CONDITION_LAST: Final = re.compile(
    r"([A-Z][^,;:]{14,120}?),? ((?:if|when|once|after|before|unless|until) [^,;:]{8,90})\."
)
_PLACE_FIRST: Final = re.compile(r"((?:In|On|At|From|For|During|Since) [^,;:]{3,50}), ([^;:]{12,}?)\.")
_CLAUSES: Final = re.compile(r"([A-Z][^;:]{24,}?)(?:, (?:and|but|so) |; )(\w[^;:]{24,})\.")
_RELATIVE: Final = re.compile(r", which [^,;:.]{6,80}(?:,|(?=\.))")
_SUBJECT: Final = re.compile(
    r"((?:The|A|An|Each|Our|This) (?:[\w’-]+ ){0,3}?[\w’-]+) (?:is|are|was|has|must|may|can|will)\b"
)
_PRONOUN: Final = re.compile(r"It (is|was|has|must|may|can|will|costs|does|gives|holds|takes)\b")
_IMPERATIVE: Final = re.compile(
    r"([A-Z][a-z]{2,9}) ((?:the|a|an|your|both|each|all|every) [\w’-]+"
    r"(?: (?!every|each|with|at|in|on|to|for|by|from|until)[\w’-]+)?)( [^,;:]{4,80})?\."
)
_VERBS: Final = frozenset(
    "check clean close turn wash lock remove press wipe tighten slacken replace open keep use put read write send "
    "store drain vent hang mark lift wait fill test push pull set select contact report ask order attach measure "
    "submit".split()
)
_PARTICIPLES: Final = {"keep": "kept", "put": "put", "read": "read", "write": "written", "send": "sent", "hang": "hung",
                       "set": "set"}  # fmt: skip
_PERSONS: Final = (
    (re.compile(r"\b[Ww]e (?=(?:must|may|can|will|have|should)\b)"), "the organisation "),
    (re.compile(r"\b[Oo]ur\b"), "its"),
    (re.compile(r"\b[Yy]ou (?=(?:must|may|can|will|should|need|have)\b)"), "people "),
    (re.compile(r"\b[Yy]our\b"), "the"),
    (re.compile(r"\bI (?=(?:was|had|voted|have)\b)"), "the author "),
)
_ITEM: Final = re.compile(
    r"(?<=, )(?!and |or |which |who |but |so |that )[^,;:.()]{3,40}, (?=(?:[^,;:.()]{3,40}, )?[^,;:.()]{0,40}\band )"
)
_OPENED: Final = 0.15
_OPENINGS: Final = (
    "Yes, {}", "It is stated that {}", "In short, {}", "Note that {}", "This means that {}",
    "The document says that {}", "As a rule, {}", "In this case, {}",
)  # fmt: skip
_NOT_LOWERED: Final = re.compile(
    r"I\b|[A-Z]{2}|[A-Z][a-z]+ [A-Z\d]"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)


def reworded(text: str, random: Random) -> str | None:
    """With one or two other wordings."""
    applicable = [pattern for pattern in _WORDINGS if re.search(pattern, text)]
    if not applicable:
        return None
    for pattern in random.sample(applicable, min(len(applicable), random.choice((1, 2)))):
        text = re.sub(pattern, _WORDINGS[pattern], text, count=1)
    return capitalized(text)


def shortened(text: str, random: Random) -> str | None:
    """Without a parenthesis, an opening word or a clause with "which"."""
    options = [
        _PARENTHESES.sub("", text, count=1),
        _OPENERS.sub(lambda match: match[1].upper(), text, count=1),
        _RELATIVE.sub("", text, count=1),
    ]
    options = [option for option in options if option != text]
    return random.choice(options) if options else None


def reordered(text: str, _: Random) -> str | None:
    """With the condition, time or place at the other end."""
    for pattern in (_CONDITION_FIRST, _PLACE_FIRST):
        if match := pattern.fullmatch(text):
            return f"{capitalized(match[2])} {lowered(match[1])}."
    if match := _CONDITION_LAST.fullmatch(text):
        return f"{capitalized(match[2])}, {lowered(match[1])}."
    return None


def clause(text: str, random: Random) -> str | None:
    """One of two clauses that "and", "but" or a semicolon joins, where it has a subject of its own."""
    match = _CLAUSES.fullmatch(text)
    if not match:
        return None
    second = capitalized(match[2])
    options = [match[1]] + ([second] if re.match(r"(?:The|A|An|We|You|They|It|[A-Z]\w+s) ", second) else [])
    return f"{random.choice(options).rstrip(',')}."


def passive(text: str, _: Random) -> str | None:
    """An instruction as a statement: "Clean both lenses weekly." as "Both lenses must be cleaned weekly."."""
    match = _IMPERATIVE.fullmatch(text)
    if not match or match[1].lower() not in _VERBS:
        return None
    verb = match[1].lower()
    done = _PARTICIPLES.get(verb) or f"{verb.removesuffix('e')}ed"
    return f"{capitalized(match[2])} must be {done}{match[3] or ''}."


def impersonal(text: str, _: Random) -> str | None:
    """With whom "we", "you" and "I" are, in place of these words."""
    changed = text
    for pattern, other in _PERSONS:
        changed = pattern.sub(other, changed)
    return capitalized(changed) if changed != text else None


def listed(text: str, _: Random) -> str | None:
    """Without one item of a list that "and" joins: what holds for all of them holds for the others."""
    changed = _ITEM.sub("", text, count=1)
    return changed if changed != text else None


def opened(text: str, random: Random) -> str | None:
    """With an opening that says nothing; for few."""
    if random.random() > _OPENED:
        return None
    return random.choice(_OPENINGS).format(lowered(text))


REWRITES: Final[tuple[Rewrite, ...]] = (
    reworded,
    shortened,
    reordered,
    clause,
    passive,
    impersonal,
    listed,
    reworded,
    opened,
)


def merged(sentence: Sentence, _: Random) -> str | None:
    """A sentence and the next one as one."""
    if not sentence.after or len(sentence.text.split()) + len(sentence.after.split()) > 40:
        return None
    return f"{sentence.text[:-1]}, and {lowered(sentence.after)}"


def resolved(sentence: Sentence, _: Random) -> str | None:
    """With the subject of the sentence before in place of "It"."""
    subject = _SUBJECT.match(sentence.before)
    if not subject or not _PRONOUN.match(sentence.text):
        return None
    return _PRONOUN.sub(lambda match: f"{subject[1]} {match[1]}", sentence.text, count=1)


def attributed(sentence: Sentence, _: Random) -> str | None:
    """With the title in front: names of the context are no news."""
    title = sentence.context.split(" > ")[0]
    return f"According to the {title}, {lowered(sentence.text)}" if len(title.split()) <= 12 else None


def capitalized(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """With a small first letter, where the first word is no name."""
    return text if _NOT_LOWERED.match(text) else text[:1].lower() + text[1:]
