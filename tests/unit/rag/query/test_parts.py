"""Question decomposition: the questions of a text, the attributes of one question, and labels of parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.parts import attributes_of, part_label, parts_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param(
            "Who are the parties of the Tarn lease, when was it signed and what is the fine for late rent?",
            (
                "Who are the parties of the Tarn lease?",
                "when was the Tarn lease signed?",
                "what is the fine for late rent (the Tarn lease)?",
            ),
            id="name in the place of a pronoun",
        ),
        pytest.param(
            "My neighbour cuts down the hedge. How can I stop it, who decides, and can I claim damages?",
            (
                "How can I stop it (My neighbour cuts down the hedge)?",
                "who decides (My neighbour cuts down the hedge)?",
                "can I claim damages (My neighbour cuts down the hedge)?",
            ),
            id="statement before",
        ),
        pytest.param(
            "Which kiln suits porcelain, and how do I report a crack at Orrin?",
            ("Which kiln suits porcelain?", "how do I report a crack at Orrin?"),
            id="two topics",
        ),
        pytest.param(
            "How many boats did the Yard sell last year and to how many owners?",
            ("How many boats did the Yard sell last year?", "to how many owners (boats the Yard sell last year)?"),
            id="without a verb",
        ),
        pytest.param(
            "How often is the seal of the K40 replaced, and what does that part cost?",
            ("How often is the seal of the K40 replaced?", "what does that part cost (the seal of the K40 replaced)?"),
            id="that part",
        ),
        pytest.param(
            "Explain what a muffle is and why it is needed.",
            ("Explain what a muffle is.", "why it is needed (a muffle is)?"),
            id="embedded in an order",
        ),
        pytest.param(
            "Who was Ada Quill? What did she build?",
            ("Who was Ada Quill?", "What did she build (Ada Quill)?"),
            id="two sentences",
        ),
        pytest.param(
            "What does the lease say about its deposit, and are there any other fees?",
            (
                "What does the lease say about its deposit?",
                "are there any other fees (the lease say about its deposit)?",
            ),
            id="there",
        ),
        pytest.param(
            "What is the rent? Translate it.",
            ("What is the rent?", "Translate it (the rent)."),
            id="question and order",
        ),
        pytest.param(
            "What does the Ostrel guide say about scholarships - how much are they worth and how do I get one?",
            (
                "What does the Ostrel guide say about scholarships?",
                "how much are they worth (scholarships)?",
                "how do I get one (scholarships)?",
            ),
            id="asked about",
        ),
    ],
)
def test_parts(text: str, parts: tuple[str, ...]) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "What is the fee for adults and for children under twelve?",
        "Has the fee changed? If so, why?",
        "List all berths. Give me all of them please.",
        "What did Maria Lenz, who wrote the survey, find?",
        "Which pumps and which valves are sold?".replace("which valves", "valves"),
        "When the lamp fails, who replaces it?",
        "Please tell me who chairs the board.",
        "Hello, how do I bleed the radiator?",
        "Describe what the valve, which was replaced in 2020, does.",
        "drive belt tension",
        "The kiln is full of ash, how do I clean it without a vacuum cleaner?",
        "Is the valve red or blue?",
        "Give me length, fee and language of every course.",
        "",
    ],
)
def test_one_question_is_the_text_itself(text: str) -> None:
    assert parts_of(text) == (text,)


def test_of_many_questions_the_last_part_has_the_rest() -> None:
    parts = parts_of(" ".join(f"Who is number {number}?" for number in range(20)))
    assert len(parts) == 8
    assert parts[0] == "Who is number 0?"
    assert "number 19" in parts[-1]


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("Give me length, fee and language of every course.", ("length", "fee", "language")),
        ("state height, width and price for each shelf", ("height", "width", "price")),
        ("What are the weight and the voltage of the K40?", ("weight", "voltage")),
        ("Data of the K40: weight, voltage, size and top heat", ("weight", "voltage", "size", "top heat")),
        ("How do the two leases differ on rent, on notice, and on pets?", ("rent", "notice", "pets")),
        ("Compare both kilns in terms of price and power", ("price", "power")),
        ("List all members with their names, addresses & shares.", ("names", "addresses", "shares")),
        ("What is the name and address of the landlord while I am away?", ("name", "address")),
    ],
)
def test_attributes(text: str, attributes: tuple[str, ...]) -> None:
    assert attributes_of(text) == attributes


@pytest.mark.parametrize(
    "text",
    [
        "Who is the head of each office?",
        "What are the rules for dogs?",
        "Hello: how are you, and who is there, and why?",
        "Give me an overview of the recall: what happened, who is affected, what must owners do?",
        "How do I drain and refill the tank of the boat?",
        "",
    ],
)
def test_no_attributes(text: str) -> None:
    assert attributes_of(text) == ()


@pytest.mark.parametrize(
    ("part", "label"),
    [
        ("what is the fine for late rent (the Tarn lease)?", "the fine for late rent"),
        ("Who are the parties of the Tarn lease?", "the parties of the Tarn lease"),
        ("when was the Tarn lease signed?", "when the Tarn lease was signed"),
        ("How can I stop it (the hedge)?", "how you can stop it"),
        ("can I claim damages?", "whether you can claim damages"),
        ("what should we do with my deposit?", "what you should do with your deposit"),
        ("how often must I replace the seal?", "how often you must replace the seal"),
        ("how do they differ?", "how they differ"),
        ("List all fees of the marina.", "fees of the marina"),
        ("Tell me about the mentoring scheme.", "the mentoring scheme"),
        ("Who pays the drivers?", "“Who pays the drivers?”"),
        ("drive belt tension", "drive belt tension"),
    ],
)
def test_labels(part: str, label: str) -> None:
    assert part_label(part) == label


@given(st.text(max_size=300))
def test_accepts_any_text(text: str) -> None:
    parts = parts_of(text)
    assert 1 <= len(parts) <= 8
    assert all(isinstance(part_label(part), str) for part in parts)
    attributes_of(text)


@given(st.lists(st.sampled_from(["who pays", "when does it end", "how do I file it", "is it free", "why"]), min_size=1))
def test_no_part_is_empty(questions: list[str]) -> None:
    for joint in (", and ", "? ", " and "):
        assert all(part.strip(" ?") for part in parts_of(joint.join(questions) + "?"))
