"""Claim check: a faithful sentence has no problem, a false twin has one that says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.claims.check import FEATURES, check_claim
from tests.complexity import assert_linear

FAITHFUL = [
    ("Visitors may not enter the plant unless they wear a helmet.", "Visitors must wear a helmet to enter the plant."),
    ("The office is never open on Sundays.", "The office stays closed on Sundays."),
    ("Nothing may be stored above the shelf.", "Storing anything above the shelf is not allowed."),
    ("We do not charge for parking.", "Parking is free of charge."),
    ("Refunds are only given within 30 days.", "No refund is given after 30 days."),
    ("A receipt is needed from 50 euros.", "No receipt is needed below 50 euros."),
    ("The fee is waived for students.", "Students do not pay the fee."),
    (
        "Employees who have not completed training may not operate the press.",
        "Only employees who have completed training may operate the press.",
    ),
    ("The battery lasts about 5 years.", "The battery needs replacing after roughly five years."),
    ("The lamp must not be touched while hot.", "Do not touch the lamp when it is hot."),
    ("It is forbidden to smoke in the building.", "Smoking is not permitted in the building."),
    (
        "The Steward runs the Cooperative; the Chair leads the meeting.",
        "The meeting is led by the Chair, while the Steward runs the Cooperative.",
    ),
    (
        "Sales fell from 12 million in 2022 to 9 million in 2023.",
        "In 2023 sales were 9 million, down from 12 million in 2022.",
    ),
    ("If you do not register, you cannot vote.", "You can vote only if you register."),
    ("The tank holds 40 litres, of which 35 can be used.", "35 of the tank’s 40 litres are usable."),
    ("No one under 16 may drive the cart.", "You must be at least 16 to drive the cart."),
    ("Deliveries take up to three working days.", "A delivery takes at most 3 working days."),
    ("The plan covers eye exams; it does not cover glasses.", "Eye exams are covered, glasses are not."),
    ("He was appointed in 1998 and retired in 2014.", "Appointed in 1998, he retired in 2014."),
    (
        "Do not open the valve before the pressure has fallen to zero.",
        "Wait until the pressure is at zero before you open the valve.",
    ),
    ("Members are not required to attend.", "Attendance is optional for members."),
    ("The warranty is void if the seal is broken.", "Breaking the seal voids the warranty."),
    ("Pets are welcome, except in the restaurant.", "Pets are allowed everywhere but in the restaurant."),
    ("Payment is due 30 days after receipt of the invoice.", "Invoices must be paid within 30 days of receipt."),
    (
        "The lender may terminate the agreement if the borrower defaults.",
        "If the borrower defaults, the agreement may be terminated by the lender.",
    ),
    ("Ms Ito succeeded Mr Brandt as director in 2019.", "Mr Brandt was succeeded by Ms Ito as director in 2019."),
    ("Turn the knob clockwise to raise the pressure.", "Turning the knob clockwise raises the pressure."),
    ("The first test took 40 minutes and the second 65.", "The second test lasted 65 minutes."),
    ("Neither the roof nor the walls were damaged.", "The roof and the walls were not damaged."),
    ("The bridge will be closed in June for repairs.", "In June the bridge will be closed because of repairs."),
    ("The pump must be greased weekly.", "The pump needs to be greased every week."),
    ("Type A filters fit the small pump, type B filters the large one.", "The small pump takes type A filters."),
    ("Do not use solvents: they attack the seal.", "Solvents should not be used because they attack the seal."),
    (
        "Employees may take up to five days of unpaid leave, if their manager agrees.",
        "With their manager’s agreement, employees may take at most 5 days of unpaid leave.",
    ),
]

UNFAITHFUL = [
    (
        "Visitors may not enter the plant unless they wear a helmet.",
        "Visitors may enter the plant without a helmet.",
        "negation_changed",
    ),
    ("The office is never open on Sundays.", "The office is open on Sundays.", "negation_changed"),
    ("Refunds are only given within 30 days.", "Refunds are given after 30 days.", "bound_changed"),
    (
        "The Steward runs the Cooperative; the Chair leads the meeting.",
        "The Chair runs the Cooperative.",
        "name_misplaced",
    ),
    (
        "Sales fell from 12 million in 2022 to 9 million in 2023.",
        "In 2022 sales were 9 million.",
        "number_misplaced",
    ),
    ("The tank holds 40 litres, of which 35 can be used.", "The tank holds 35 litres.", "number_misplaced"),
    ("No one under 16 may drive the cart.", "Anyone under 16 may drive the cart.", "bound_changed"),
    ("The plan covers eye exams; it does not cover glasses.", "The plan covers glasses.", "negation_changed"),
    ("He was appointed in 1998 and retired in 2014.", "He retired in 1998.", "number_misplaced"),
    ("Members are not required to attend.", "Members must not attend.", "modality_changed"),
    ("Pets are welcome, except in the restaurant.", "Pets are welcome in the restaurant.", "negation_changed"),
    (
        "Payment is due 30 days after receipt of the invoice.",
        "Payment is due 30 days before receipt of the invoice.",
        "antonym",
    ),
    (
        "The lender may terminate the agreement if the borrower defaults.",
        "The borrower may terminate the agreement if the lender defaults.",
        "roles_swapped",
    ),
    (
        "The lender may terminate the agreement if the borrower defaults.",
        "The lender must terminate the agreement if the borrower defaults.",
        "modality_changed",
    ),
    ("Some of the tests failed at high temperature.", "All tests failed at high temperature.", "quantifier_changed"),
    (
        "The pump stopped at 5 am. The power had failed at midnight in the whole town.",
        "The pump stopped because the power had failed.",
        "cause_unsupported",
    ),
    ("The bridge will be closed in June.", "The bridge was closed in June.", "tense_changed"),
    (
        "Ms Ito succeeded Mr Brandt as director in 2019.",
        "Mr Brandt succeeded Ms Ito as director in 2019.",
        "roles_swapped",
    ),
    (
        "Type A filters fit the small pump, type B filters the large one.",
        "Type B filters fit the small pump.",
        "name_misplaced",
    ),
    (
        "Turn the knob clockwise to raise the pressure.",
        "Turn the knob clockwise to lower the pressure.",
        "antonym",
    ),
    (
        "The discount applies to orders of more than 100 units.",
        "The discount applies to all orders.",
        "quantifier_changed",
    ),
    (
        "Children under 12 travel free when accompanied by an adult.",
        "Children under 12 travel free.",
        "condition_dropped",
    ),
    (
        "The first test took 40 minutes and the second 65.",
        "The second test took 40 minutes.",
        "antonym",
    ),
    (
        "Employees may take up to five days of unpaid leave, if their manager agrees.",
        "Employees may take up to five days of unpaid leave.",
        "condition_dropped",
    ),
    (
        "The archive class has a minimum storage duration of 90 days.",
        "The archive class has no minimum storage duration.",
        "negation_changed",
    ),
    ("The seal is made of rubber and the ring of steel.", "The ring is made of rubber.", "roles_swapped"),
    ("Rent is paid monthly by the tenant.", "Rent is paid yearly by the tenant.", "antonym"),
    (
        "The alarm sounds when the temperature rises above 80 degrees.",
        "The alarm sounds when the temperature falls below 80 degrees.",
        "antonym",
    ),
    (
        "The motor may be started at most six times an hour.",
        "The motor may be started at least six times an hour.",
        "bound_changed",
    ),
    ("Parts can be returned if they are unused.", "Parts can be returned.", "condition_dropped"),
]

words = st.sampled_from(
    "The pump Bittern 6 9 24 months hours not no never may must only if unless , . ; : ( ) because of than more "
    "at least except € % 31 May 2024 E17 A B is are covered excluded all some \n\n • the and or but".split(" ")
)
texts = st.lists(words, max_size=60).map(" ".join)


class TestExamples:
    @pytest.mark.parametrize(("quote", "claim"), FAITHFUL, ids=[claim for _, claim in FAITHFUL])
    def test_a_faithful_claim_has_no_problem(self, quote: str, claim: str) -> None:
        assert check_claim(claim, [quote]).problems == ()

    @pytest.mark.parametrize(("quote", "claim", "kind"), UNFAITHFUL, ids=[claim for _, claim, _ in UNFAITHFUL])
    def test_a_false_claim_has_its_problem(self, quote: str, claim: str, kind: str) -> None:
        assert kind in {problem.kind for problem in check_claim(claim, [quote]).problems}

    @pytest.mark.parametrize("quote", [quote for quote, *_ in [*FAITHFUL, *UNFAITHFUL]])
    def test_what_is_word_for_word_has_no_problem(self, quote: str) -> None:
        check = check_claim(quote, [quote])
        assert check.problems == ()
        assert check.missing == ()
        assert check.features["overlap"] == 1.0


class TestCheckClaim:
    @given(texts, st.lists(texts, max_size=3), texts)
    def test_features_are_bounded_and_always_the_same(self, claim: str, quotes: list[str], context: str) -> None:
        features = check_claim(claim, quotes, context).features
        assert tuple(features) == FEATURES
        assert all(-1.0 <= value <= 1.0 for value in features.values())

    @given(st.text(max_size=300), st.text(max_size=300))
    def test_any_text_is_read(self, claim: str, quote: str) -> None:
        assert tuple(check_claim(claim, [quote], quote).features) == FEATURES

    @given(texts, texts)
    def test_no_problem_in_its_own_words(self, before: str, after: str) -> None:
        claim = "The pump has a warranty of 24 months."
        check = check_claim(claim, [f"{before}\n\n{claim}\n\n{after}"])
        assert not check.has("number_missing", "unit_changed", "number_misplaced", "name_missing", "antonym")

    def test_nothing_is_overlap_with_nothing(self) -> None:
        check = check_claim("The pump is red.", [])
        assert check.features["overlap"] == 0.0
        assert check.missing == ("pump", "red")

    def test_the_context_supplies_names_but_no_amounts(self) -> None:
        quote = ["It has a warranty of 6 months."]
        named = check_claim("The Kestrel 3 has a warranty of 6 months.", quote, "Kestrel 3 > Warranty")
        assert not named.problems
        amount = check_claim("It has a warranty of 24 months.", quote, "Kestrel 3 > Warranty of 24 parts")
        assert [problem.kind for problem in amount.problems] == ["number_missing"]

    def test_has(self) -> None:
        check = check_claim("The pump costs 9 euros.", ["The pump costs 8 euros."])
        assert check.has("name_missing", "number_missing")
        assert not check.has("antonym")

    @pytest.mark.parametrize(
        "piece",
        [
            pytest.param("not ", id="negations"),
            pytest.param("no more than 5 months, ", id="bounds"),
            pytest.param("Bittern 9 Party A E17 ", id="names"),
            pytest.param("only if unless except when ", id="conditions"),
            pytest.param("because so ", id="causes"),
            pytest.param("1,1.1:1/1,", id="digits"),
            pytest.param("more less open close ", id="opposites"),
            pytest.param("--", id="no word"),
            pytest.param("A pays B. ", id="sentences"),
        ],
    )
    def test_linear_in_the_quotes(self, piece: str) -> None:
        runs = count()

        def prepare(size: int) -> Callable[[], object]:
            quote = piece * (size // len(piece))
            # Another text each time: analyses are kept.
            return lambda: check_claim(f"{piece * 3} the pump of 5 months is open because", [f"{next(runs)} {quote}"])

        assert_linear(prepare, 8_000)
