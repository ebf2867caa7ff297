"""Time complexity of regular expressions: none takes more than linear time, whatever text reaches it (ReDoS).

Every pattern of ``rag`` and ``ingest`` is found, and put through texts that are made from the pattern itself: each of
its repeats, pumped, behind what leads to it. Only ratios of times count, so that the speed of the machine does not.
"""

from __future__ import annotations

import re

import pytest

from tests.patterns import Attack, attacks_on, blow_up, compiled_unseen, modules_with_patterns, patterns_of

# Patterns that are made from texts, of which no variable has one.
MADE_FROM_TEXTS = {
    # A short answer's words, at most ten, literally.
    "rag.answering.span_completion",
    # Wordings in files of questions: their author's own.
    "rag.evaluation.nuggets",
    # The words that a document is searched for, literally: a query has an upper length, and white space between words
    # is never given back.
    "rag.service.document_text",
}
MODULES = modules_with_patterns()


@pytest.mark.parametrize("module", MODULES)
def test_every_pattern_is_linear(module: str) -> None:
    for found in patterns_of(module):
        assert blow_up(found.pattern, found.methods) is None, found.name


@pytest.mark.parametrize("module", sorted({*MODULES} - MADE_FROM_TEXTS))
def test_no_pattern_is_compiled_unseen(module: str) -> None:
    assert compiled_unseen(module) == []


def test_the_exceptions_are_used() -> None:
    assert all(compiled_unseen(module) for module in MADE_FROM_TEXTS)


def test_patterns_are_found_in_variables_containers_classes_and_calls() -> None:
    names = [found.name for module in MODULES for found in patterns_of(module)]
    assert len(names) > 300
    for expected in (
        "rag.query.yes_no:_TAG",
        "rag.text.dates:_BY_PRECISION[0][0]",
        "rag.query.english.cues:CUES_ANYWHERE['table']",
        "rag.query.decomposition:_COMPARED[0].sides",
    ):
        assert expected in names


# The patterns of issues 15 and before, and the simplest of each kind.
@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        pytest.param(r"\s+$", "search", id="a run of white space from each of its places"),
        pytest.param(r"\s*,\s*", "split", id="white space before what is not there"),
        pytest.param(r"(?:a+)+b", "match", id="exponential"),
        pytest.param(r"\w*\d\w*x", "match", id="cubic"),
        pytest.param(r"<meta[^>]+charset", "search", id="a beginning from each of its places"),
        pytest.param(r"(?:of|in) .+ end", "search", id="a gap from each of its beginnings"),
        pytest.param(r"\b(?:what|who) (?:is|are) .*\bred or .*,", "search", id="two gaps"),
        pytest.param(r"\s+(?:and|or)\s+(?:[^\s.,;:()]+ ?){1,4}(?=[.,;:()]|$)", "match", id="words that can be cut"),
        pytest.param(r"is it .*or [^,?]*[ ?]*,", "match", id="a choice"),
        pytest.param(r"(?P<a>.+?) and (?P<b>.+)", "finditer", id="a join that is not there"),
    ],
)
def test_what_is_not_linear_is_found(pattern: str, method: str) -> None:
    assert blow_up(re.compile(pattern), frozenset({method})) is not None


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(?<!\s)\s++$", "search"),
        (r"\s{0,9},\s{0,9}", "split"),
        (r"(?:what|who) .+ end", "match"),
        (r"\b(?:do|does) .{1,100}\bcompare\b", "search"),
        (r"[^\W\d_]+|\d+", "finditer"),
    ],
)
def test_what_is_linear_passes(pattern: str, method: str) -> None:
    assert blow_up(re.compile(pattern), frozenset({method})) is None


def test_texts_lead_to_each_repeat_and_pump_it() -> None:
    attacks = attacks_on(re.compile(r"what (?:is|are) the \w+ of\s+[a-c]"))
    assert any(attack.before == "what is the " and attack.repeated == "a" for attack in attacks)
    assert any(attack.before == "what is the a of" and attack.repeated == " " for attack in attacks)
    assert Attack("x", "ab", "y").text(10) == "x" + 5 * "ab" + "y"
