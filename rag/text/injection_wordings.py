"""Wordings of prompt injection: patterns for sentences that address or direct a language model, by kind.

A sentence is matched in one line and without disguise (:mod:`rag.text.disguise`). Gaps have a bounded number of words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final


def _gap(words: int) -> str:
    """At most so many words between two others."""
    return rf"(?:\W+\w+){{0,{words}}}?\W+"


_ASSISTANT: Final = (
    r"assistants?(?! (?:to|manager|director|secretar|professor|teacher|coach|treasurer|chair|keeper|general|nurse))"
)
# Machines that talk, and those that may only compute.
_SPEAKER: Final = (
    rf"(?:ai(?:s| systems?| models?| agents?)?|llms?|(?:search |virtual )?{_ASSISTANT}|chatbots?|bots?|"
    r"language models?|(?:chat)?gpt|copilot|automated (?:readers?|systems?|agents?|tools?)|machine readers?|"
    r"summari[sz]ers?|answer(?:ing)? (?:systems?|engines?|machines?)|text generators?)"
)
_MACHINE: Final = rf"(?:{_SPEAKER}|models?)"
_ANSWER: Final = r"(?:answer|reply|response|output)"
_ANSWERS: Final = r"(?:answers?|repl(?:y|ies)|responses?|outputs?)"
_SAY: Final = r"(?:answer|reply|respond)"
_SAYS: Final = r"(?:say|state|mention|read|begin|start|end|give|repeat|recommend|contain|include the)s?"
_MUST: Final = r"(?:must|should|shall|has to|have to|is to|are to|need(?:s)? to|(?:is|are) required to|will)"
_STOP: Final = r"(?:ignore|disregard|forget|override|bypass|discard|stop following|do not (?:follow|obey|use))"
_DROP: Final = r"(?:skip|set aside|pay no attention to|overlook|abandon|drop|cancel|erase|clear|throw away)"
_EARLIER: Final = (
    r"(?:above|previous|prior|earlier|preceding|foregoing|former|all|any|other|system|your|these|those|initial)"
)
_PAST: Final = r"(?:above|previous|prior|earlier|preceding|foregoing|system|your|initial|original|other|rest)"
_ORDERS: Final = (
    r"(?:instructions?|prompts?|directions?|directives?|commands?|guidelines|system message|programming|orders|"
    r"context|passages|conversation|question)"
)
_GIVEN: Final = (
    r"(?:instructions?|prompts?|directions?|rules|orders|commands?|task)(?: that| which)? you (?:were|have|had|receive|"
    r"received|got|follow|followed)"
)
_ENDED: Final = r"(?:void|cancell?ed|obsolete|revoked|over|finished|superseded|replaced|null)"
_OVER: Final = rf"(?:no longer|do(?:es)? not|(?:is|are) {_ENDED})"
_TEXT: Final = r"(?:documents?|page|passages?|text|file|source|sources|context)"

_OVERRIDE: Final = [
    rf"\b{_STOP}\b{_gap(3)}{_EARLIER}\b{_gap(3)}{_ORDERS}\b",
    rf"\b{_STOP}\W+(?:everything\W+|anything\W+|all\W+|what\W+)?(?:that\W+)?(?:was\W+|is\W+|came\W+)?"
    r"(?:written\W+|said\W+|stated\W+)?(?:the\W+)?(?:above|before)\b\W*(?:and|then|instead|$)",
    rf"\b(?:ignore|disregard|forget) (?:the|this|these|all) {_TEXT}\b",
    rf"\b(?:{_DROP}|{_STOP})\b{_gap(4)}{_PAST}\b{_gap(4)}(?:instructions?|prompts?|directions?|guidelines|"
    rf"rules|restrictions|task|{_TEXT})\b",
    rf"\b(?:{_DROP}|{_STOP})\b{_gap(3)}{_GIVEN}\b|\b{_GIVEN}\b{_gap(8)}{_OVER}\b",
    rf"\byou (?:were|have been) (?:told|given|instructed|programmed|trained|asked)\b{_gap(8)}{_OVER}\b",
    r"\byour (?:earlier|previous|original|initial|old|prior|new) (?:task|job|role|instructions?|goal|prompt|persona)\b",
    r"\b(?:beginning|start|rest|remainder) of (?:this|the|our) (?:conversation|chat|dialogue)\b",
    rf"\b(?:new|updated|real) (?:system )?(?:instructions?|prompt)(?: (?:for|to) (?:the )?{_MACHINE})?\s?:",
    r"\b(?:system|developer) (?:override|prompt|instructions?)\s?:|\boverride code \w+ (?:accepted|confirmed|valid)\b",
    rf"\b(?:treat|consider|regard) (?:the |all |these )?(?:{_TEXT}|everything)(?: above| before)? as (?:empty|void|"
    r"fiction|untrue|false|invalid|deleted|a joke)\b",
    r"\b(?:reveal|print|repeat|show|output|leak)\b(?:\W+\w+){0,2}?\W+system prompt\b|"
    r"\b(?:reveal|leak|print|disclose) your (?:instructions|prompt|rules|context)\b",
]
_ROLE: Final = [
    rf"\byou are (?:now|no longer)\b{_gap(3)}(?:{_MACHINE}|dan|unrestricted|bound|jailbroken)\b",
    rf"\byou are (?:an?|the|our) (?:\w+ ){{0,2}}{_SPEAKER}\b",
    r"\byou are (?:now )?(?:the|an?) (?:author|writer|creator|editor) of this\b",
    r"\byou want (?:the|your) (?:reader|user)\b",
    r"\b(?:from now on|henceforth),? (?:you|always (?:answer|say|reply|respond))\b",
    rf"\bpretend (?:that )?(?:you are|to be)\b|\bact as (?:an? )?(?:{_MACHINE}|dan|unrestricted)\b|\broleplay as\b",
    r"\b(?:assume|adopt|take on) the (?:persona|identity)\b|\ballowed to say (?:anything|everything)\b",
    r"\bas this (?:helper|assistant|character|persona|bot),",
]
_CONTROL: Final = [
    r"<\|?(?:im_start|im_end|system|endoftext|start_of_turn|end_of_turn)\|?>|\[/?INST\]|<</?SYS>>",
    r"</?(?:system|instructions?|context|passages?|assistant|prompt)>",
    r"#{2,6} ?(?:system|instruction|response|assistant)\b",
    r"^\W*(?:system|assistant|ai|chatbot)\s?:\s?\w",
    r"[-=*#]{2,9} ?(?:end|begin|start)\w{0,6} (?:of )?(?:the )?(?:context|passages?|prompt|documents?|system|user|"
    r"input)\b",
]
_DICTATED: Final = [
    rf"\b{_SAY}(?: to)? (?:every|all|any|each|the) (?:question|query|user)s? (?:only |always )?with\b",
    rf"\b(?:only|always) {_SAY} (?:with|that)\b|\b{_SAY} (?:only|always) with\b",
    rf"^\W*(?:please |then |now )?{_SAY} with (?:this|the following|only|just|exactly|nothing|one word|a single)\b",
    r"\b(?:is|are|must|should|shall|can|may)(?: to| only)? be answered (?:only |always )?(?:with|by saying)\b",
    rf"\b(?:correct|right|good|expected|ideal|best) {_ANSWERS}\b{_gap(8)}(?:is|are|{_MUST}|{_SAYS})\b",
    rf"\b(?:correct|right|expected|model|sample|example|ideal|suggested) {_ANSWERS}(?: to \W?\w[^:]{{0,80}})?\s?:",
    rf"\bexample of an? (?:good|correct|ideal) {_ANSWER}\b",
    rf"\b(?:every|each|any|all)(?: correct| right| good| valid)? {_ANSWERS}\b{_gap(8)}(?:{_MUST} {_SAYS}|says?|"
    r"begins?)\b",
    rf"\b(?:your|this) {_ANSWER} (?:{_MUST} )?(?:only |always )?(?:be (?:exactly|only|just|the word)|{_SAYS})\b",
    rf"\bmust this {_ANSWER}\b|\bthe only {_ANSWER}\b|\b{_ANSWER} (?:that|which) is (?:expected|wanted|correct)\b",
    rf"\b(?:permitted|prescribed|mandatory|approved) {_ANSWER}(?! (?:time|power|voltage|current|level))\b",
    rf"\bwording of (?:the|your|every|each|any) {_ANSWER}\b|\bfor generated (?:text|answers|content|responses)\b",
    r"\b(?:any|every|each|all|your|the) summar(?:y|ies) of this (?:page|document|text|file|passage)\b",
    r"\b(?:whoever|anyone who|everyone who|those who) (?:is|are) asked\b|\bif (?:you are|you're) asked\b"
    rf"{_gap(10)}(?:{_SAY}|say|state)\b",
    r"\btell the (?:user|reader|asker) (?:to|that)\b|\b(?:direct|refer|send|point) the (?:reader|asker) to\b",
    r"(?:^|[;:,.] {0,2}|and |then )(?:say|reply|answer|respond) that (?:the (?:documents?|passages?|context)|you|"
    r"nothing)\b",
    r"\b(?:do not|don't|never|refuse to|decline to) (?:answer|reply to|respond to)(?:\W+\w+){0,2}?\W+"
    r"(?:questions?|quer(?:y|ies)|users?|requests?)\b",
    r"\b(?:do not|don't|never) (?:quote|cite|summari[sz]e|use) (?:this|these) (?:document|page|passages?|text|file)\b",
    r"(?:^|[|:;.]) ?\W?refuse to (?:answer|talk|speak|reply|respond|discuss)\b",
    r"\bnot (?:to )?be used (?:to answer|for answering)\b",
]
_ADDRESSED: Final = [
    rf"\b(?:dear|attention|attn)\b[\W]{{1,3}}(?:the |any |all )?{_MACHINE}\b",
    rf"\b(?:notes?|notice|remark|hint|reminder|comment|memo|instructions?|message|guidance) (?:for|to)(?: the| any| all"
    rf"| every| this)? {_MACHINE}\b",
    rf"^\W*(?:for|to)(?: the| any| all| every)? {_SPEAKER}(?: only)?\s?[:,]",
    rf"\b(?:as an|if you are an?|you,? the) {_MACHINE}\b",
    rf"\b(?:if|when|once|should) (?:an?|any|the|some|this) {_MACHINE}\b{_gap(2)}(?:reads?|sees?|finds?|processe?s?|"
    r"summari[sz]es?|parses?|quotes?)\b",
    rf"\b(?:any|every|each|all|which(?:ever)?)(?: \w+)? {_MACHINE} (?:that|which|who)\b",
    rf"\b{_SPEAKER} (?:always |only |\w+ly )?(?:must|should|shall|has to|have to|answers?|answered|"
    r"repl(?:y|ies|ied)|responds?|says?|said)\b",
    rf"\b{_SPEAKER} (?:is|are) (?:not )?(?:permitted|allowed|required|forbidden|instructed) to (?:quote|answer|reply|"
    r"respond|mention|cite|say|state)\b",
    rf"\bwhat (?:should|must|does|would) (?:the|an?|this) {_MACHINE} (?:say|answer|reply)\b",
    rf"\b(?:requires?|demands?|insists?|ordered) that (?:the|this|any|every) {_MACHINE}\b",
    rf"\b(?:developers?|makers?|creators?|operators?|owners?) of this {_MACHINE}\b",
    r"\bfrom your (?:operator|developer|administrator|provider|creator)s?\b",
    r"\b(?:systems?|programs?|software|tools?|machines) (?:that|which) (?:generate|produce|write|give|answer|"
    rf"summari[sz]e)s?\b{_gap(6)}{_MUST}\b",
]
# Speaking of the reply, or of the one who replies, as no document for people does.
_ON_REPLYING: Final = [
    r"\b(?:readers?|users?|askers?|they) (?:want|wants|wish|wishes|expect|expects) to (?:hear|be told|read)\b",
    r"\b(?:the )?one who (?:replies|answers|responds)\b",
    r"\bin (?:reply|answer|response) (?:one|you) (?:writes?|says?|puts?)\b",
    r"\b(?:finish|end|begin|start|close|open)s? with the (?:word|phrase|sentence)\b|\blet the word\b",
    r"\bpeople in your position\b|\b(?:is|are) (?:not |no longer )?meant for you\b|\byou have read enough\b",
    r"\b(?:sentence|word|line|figure) to (?:pass on|repeat|write)\b|\brepeat it as it stands\b",
    r"\b(?:nothing to look up|whatever else is (?:printed|written|said))\b",
    r"\bwith those who run this (?:service|system|assistant)\b|\ba (?:polite|good|loyal) (?:helper|assistant)\b",
]
# The languages in which questions are understood.
_OTHER_LANGUAGES: Final = [
    r"\b(?:ignorier\w{1,4}|vergiss|vergessen sie|missacht\w{1,4}) (?:\w+ ){0,4}(?:anweisung\w{0,3}|"
    r"anleitung\w{0,3}|vorgaben|befehle|regeln)\b",
    r"\b(?:ignore[zr]?|oublie[zr]?) (?:\w+ ){0,4}(?:instructions|consignes|directives|regles)\b",
    r"\b(?:ignor[ae]n?|olvid[ae]n?) (?:\w+ ){0,4}(?:instrucciones|ordenes|indicaciones|reglas)\b",
    r"\b(?:ignora(?:te)?|dimentica(?:te)?) (?:\w+ ){0,4}(?:istruzioni|indicazioni|regole)\b",
    r"\b(?:negeer|vergeet) (?:\w+ ){0,4}(?:instructies|aanwijzingen|regels|opdrachten)\b",
    r"\b(?:ignor[ea]|esqueca) (?:\w+ ){0,4}(?:instrucoes|orientacoes|regras)\b",
    r"\b(?:antworten? (?:sie )?(?:nur|immer)|repond(?:s|ez) (?:uniquement|toujours|seulement)|"
    r"respond[ea] (?:solo|siempre|apenas|sempre)|rispondi (?:solo|sempre)|antwoord (?:alleen|altijd))\b",
    r"\b(?:hinweis an die ki|note a l'ia|nota para la ia|nota per l'ia|opmerking voor de ai|nota para a ia)\b",
]


# Patterns by kind: each match shows that a sentence is meant for a machine.
WORDINGS: Final[Mapping[str, tuple[re.Pattern[str], ...]]] = {
    kind: tuple(re.compile(wording, re.IGNORECASE) for wording in wordings)
    for kind, wordings in {
        "override": _OVERRIDE,
        "role": _ROLE,
        "control": _CONTROL,
        "dictated": _DICTATED,
        "addressed": _ADDRESSED,
        "on replying": _ON_REPLYING,
        "other languages": _OTHER_LANGUAGES,
    }.items()
}
# The beginning of a sentence that carries out what one beside it began: "... Then write 42."
CONTINUATION: Final = re.compile(
    r"\W*(?:(?:please|then|just|simply|only|instead|and|now|so|also|always|kindly|you must|you should)\W{1,3}){0,3}"
    r"(?:answer|reply|respond|say|state|write|output|print|return|repeat|tell|give|mention|recommend|report|add|refuse|"
    r"do not|don't|never|begin|start|end|your (?:answer|reply|response)|the only thing to|the (?:only |permitted )?"
    r"(?:answer|reply|response|output)|question\s?:|[aq]\s?:)(?!\w)",
    re.IGNORECASE,
)
# The same letter by letter: "I g n o r e  a l l ...", of which the blanks are taken out.
SPACED_OUT: Final = re.compile(
    r"(?:ignore|disregard|forget|override)\w{0,40}(?:instructions|prompt|rules|above|context)", re.IGNORECASE
)
