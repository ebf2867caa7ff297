"""Requests that cannot be carried out: to translate, write, draw, browse, send or calculate."""

from __future__ import annotations

import re
from typing import Final

from rag.query.english.clauses import Ask, asks_of, own_questions, plain
from rag.query.english.cues import PICTURES, TEXTS
from rag.query.types import Reply

_A: Final = (
    r"(?: (?:me|us|him|her|them|it|an?|the|this|that|my|our|some|another|short|long|nice|funny|formal|polite|simple|"
    r"brief|quick|python))*+"
)
_LANGUAGES: Final = (
    r"(?:german|french|spanish|italian|dutch|english|portuguese|chinese|japanese|polish|russian|arabic|turkish|swedish|"
    r"danish|norwegian|greek|latin|korean|hindi|ukrainian|czech|finnish|hungarian)"
)
# What cannot be done, in the words of the reply; each pattern is matched where a question or an order begins.
_KINDS: Final = tuple(
    (action, re.compile(pattern))
    for action, pattern in (
        ("translate", r"translate\b(?P<topic>.*)"),
        (
            "translate",
            r"(?:give|provide|make|write)(?: me| us)? (?:an?|the) (?:\w+ )?translation (?:of|for) (?P<topic>.*)",
        ),
        ("translate", rf"how (?:do|would|can) (?:you|one|i|we) (?:say|write) (?P<topic>.+) in {_LANGUAGES}$"),
        (
            "write texts of my own",
            rf"(?:(?:write|compose|draft|create|generate|produce|make up|make|prepare){_A}"
            rf"|(?:tell|give)(?: me| us)? (?:an?|another|some)(?: \w+)?) {TEXTS}(?P<topic>.*)",
        ),
        (
            "draw",
            r"(?:draw|plot|paint|sketch|illustrate|design|visuali[sz]e|render|create|make|generate|produce|build|"
            r"prepare)"
            rf"{_A}(?: \w+)? {PICTURES}(?P<topic>.*)",
        ),
        ("draw", r"(?:paint|sketch|plot|visuali[sz]e)(?: me| us)? (?:an?|the|all|some|how)\b(?P<topic>.*)"),
        (
            "look anything up on the internet",
            r"(?:search|browse|surf) .{0,100}\b(?:online|(?:inter)?net|web|google|wikipedia)\b"
            r"|(?:look|check|find|go) .{0,100}\b(?:online|on the (?:inter)?net|on the web|on google|in wikipedia)$"
            r"|google (?:for|it|this|that|the|what|how|who)\b",
        ),
        (
            "send or change anything",
            r"(?:send|forward) .{0,100}\b(?:e-?mails?|messages?|letters?|to)\b|(?:e-?mail|call|phone) (?:him|her|them|"
            r"the|my|our)\b"
            r"|remind me\b|set (?:an?|the) (?:alarm|reminder|timer)\b|(?:schedule|book|reserve) (?:me |us )?(?:an?|the|"
            r"my)\b"
            r"|(?:delete|rename|upload|edit|sign|fill in|fill out|modify|overwrite) (?:the|this|that|my|our|these|"
            r"all)\b",
        ),
        (
            "calculate",
            r"(?:(?:calculate|compute|determine|work out)(?: (?:the|an?|me|us))*+ (?:sum|total|average|mean|median)"
            r"|add up|total up|sum all|multiply|divide|subtract)\b(?: (?:of|for|in|between|the|all)\b)*+(?P<topic>.*)",
        ),
    )
)
_INTO: Final = re.compile(rf" (?:in|into|to) (?:[a-z]+ )?{_LANGUAGES}$")
_LEADING: Final = re.compile(r"(?:about|of|on|for|from|with|showing|saying|that|this|it|me|us|in|to)(?: |$)")
_MOST_WORDS_OF_TOPIC: Final = 14


def impossible_request(text: str) -> Reply | None:
    """The reply to a text that asks for nothing but what cannot be done; None where it asks something else, too."""
    questions = own_questions(asks_of(plain(text)).questions)
    refusals = [refusal for ask in questions if (refusal := refused(ask))]
    return refusals[0] if refusals and len(refusals) == len(questions) else None


def refused(ask: Ask) -> Reply | None:
    """The reply to a question or order for what cannot be done; it names the topic, where that is clear."""
    for action, pattern in _KINDS:
        if match := pattern.match(ask.asked):
            topic = _topic(ask.text, match.groupdict().get("topic") or "")
            said = f" about {topic}" if topic else ""
            return Reply(f"I cannot {action}. I can show what the documents say{said}.", "not_possible")
    return None


def _topic(text: str, topic: str) -> str:
    """The topic as it was typed, without what stands around it; empty for a pronoun and for what is too long."""
    topic = _INTO.sub("", topic.strip(" ,.:?!"))
    while leading := _LEADING.match(topic):
        topic = topic[leading.end() :].strip(" :,")
    if len(topic.split()) > _MOST_WORDS_OF_TOPIC:
        return ""
    at = text.lower().rfind(topic)
    return text[at : at + len(topic)] if at >= 0 else topic
