"""Question classification: the form of answer that questions of many kinds of documents ask for."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document, Form
from rag.query.form import form_of, form_of_question

DOCUMENTS: Final = [
    Document("0" * 64, ("tarn_lease.pdf",), "Lease of the Tarn boathouse", 12, 1, "Ada Quill", "2024-03-01"),
    Document("1" * 64, ("kiln_manual.pdf",), "Kiln manual", 48, 1),
    Document("2" * 64, ("survey.pdf",), "survey", 7, 1),
]

# For each form, an id and a question.
EXAMPLES: Final[dict[Form, dict[str, str]]] = {
    "fact": {
        "manual, recommended brand": "Which brand of chain oil do you recommend?",
        "manual, recommended grade": "Which oil grade would you recommend?",
        "lease, how much": "How much is the deposit for the boathouse?",
        "report, change from": "By how much did the revenue change from Q1 2023 to Q1 2024?",
        "manual, how long": "How long does the kiln take to cool down?",
        "manual, how often": "How often is the air filter replaced?",
        "handbook, who": "Who signs off expenses above 500 francs?",
        "contract, when": "When does the tenancy end?",
        "manual, a measure": "What torque is required for the bolts?",
        "guide, one of them": "Which form do I need for the refund?",
        "handbook, where": "Where are the fire extinguishers kept?",
        "paper, which one": "Which model reached the highest accuracy on the test split?",
        "report, what is the": "What is the total of the pension liabilities?",
        "paper, what was": "What learning rate was used for fine-tuning?",
        "contract, condition first": "If the tenant leaves early, how much of the deposit is kept?",
        "handbook, to whom": "To whom do I report a lost badge?",
        "manual, at what": "At what temperature should the glaze be fired?",
        "report, polite": "Could you tell me how many wells were drilled in 2019?",
        "manual, choice": "Is the warning lamp red or green?",
        "guide, for how long": "For how long may a visitor park in bay 3?",
        "letter, embedded": "Please tell me when the audit begins.",
        "prospectus, what percentage": "What percentage of the notes matures after 2030?",
        "manual, after a statement": "The kiln shows code E4. What does it stand for?",
        "policy, give me the": "Give me the phone number of the harbour office.",
    },
    "yes_no": {
        "lease, may": "May the tenant keep chickens in the yard?",
        "handbook, is": "Is overtime paid on public holidays?",
        "policy, does": "Does the cover include storm damage?",
        "manual, can": "Can I fire stoneware in the small kiln?",
        "contract, has": "Has the supplier the right to subcontract?",
        "handbook, are": "Are interns entitled to meal vouchers?",
        "policy, condition first": "If I move abroad, does the cover go on?",
        "manual, polite": "Can you tell me whether the lid may be opened while it is hot?",
        "report, tag": "The dam was inspected in May, wasn't it?",
        "lease, explain whether": "Explain whether the landlord has to repaint the rooms.",
        "paper, did": "Did the authors release their code?",
        "guide, must": "Must luggage be labelled?",
        "contract, if so why": "Is the deposit interest-bearing? If not, why?",
        "handbook, know if": "Do you know if dogs are allowed in the canteen?",
    },
    "how_to": {
        "manual, write down": "Write down the steps for cleaning the kiln.",
        "manual, how do I": "How do I bleed the radiator?",
        "manual, how to": "how to descale the boiler",
        "handbook, how does one": "How does one apply for sabbatical leave?",
        "handbook, employee": "How can an employee challenge an appraisal?",
        "manual, steps": "What are the steps for replacing the drive belt?",
        "policy, process": "What is the process for filing a claim?",
        "manual, walk me": "Walk me through the first start of the kiln.",
        "manual, passive": "How should the membrane be cleaned?",
        "guide, away": "We'll be on a boat for six weeks, what should we do with the cat?",
        "manual, what to do": "What to do when the pump runs dry?",
        "handbook, procedure": "Describe the procedure for handing in a resignation.",
        "manual, step by step": "Explain step by step how the cartridge is exchanged.",
        "manual, wish": "I want to return a broken lamp.",
        "guide, help me": "Help me set up the two-factor login.",
        "manual, after a statement": "The printer's drum is worn - how do i swap it?",
        "guide, way to": "What's the easiest way to renew a library card?",
        "bylaws, become": "How does a guest become a voting member?",
        "manual, done": "How is the pressure test performed?",
    },
    "list": {
        "handbook, responsible for": "What am I responsible for as a team lead?",
        "lease, make a list": "Make me a list of the tenant's duties.",
        "policy, checklist": "Create a checklist of the documents for a claim.",
        "contract, compile": "Compile all deadlines of the contract.",
        "catalogue, what is available": "What glazes are available?",
        "handbook, list": "List the holidays that the company observes.",
        "lease, list all": "List all repairs the tenant pays for.",
        "report, name": "Name the five largest customers.",
        "manual, which plural": "Which spare parts are delivered with the kiln?",
        "policy, which services": "Which treatments require a referral?",
        "manual, comes in": "What comes in the starter kit?",
        "policy, sorts": "What sorts of damage are excluded?",
        "contract, obligations": "What are the obligations of the carrier?",
        "bylaws, who are": "Who are the members of the audit committee?",
        "brochure, include": "What does the premium package include?",
        "paper, datasets": "What datasets were used in the experiments?",
        "policy, covered": "What is not covered?",
        "handbook, give me all": "Give me all deadlines for the grant.",
        "guide, need": "What do I need to bring to the interview?",
        "guide, must not": "What can't I wear in the machine hall?",
        "guide, am not allowed": "What am I not allowed to bring on board?",
        "guide, visitors": "What may visitors not take into the archive?",
        "visa guide, of a kind": "What ID do I need to open an account?",
        "policy, not covered": "Which damage to the boat isn't covered?",
        "rules, forbidden": "What clothing is forbidden in the laboratory?",
        "report, polite": "Could you list the risks that the board sees?",
        "thesis, name all": "name every hypothesis that was rejected",
    },
    "explain": {
        "report, why": "Why did freight costs rise in the second half?",
        "manual, how does": "How does the heat exchanger work?",
        "paper, simple words": "In plain words, what does the attention layer compute?",
        "report, went wrong": "What went wrong at the Halm site?",
        "report, cause": "What caused the outage in October?",
        "policy, reason": "What is the reason for the waiting period?",
        "manual, explain": "Explain the safety interlock.",
        "paper, explain what and why": "Explain what the regulariser is and why it matters.",
        "manual, wrong with": "What is so bad about using bleach on the seals?",
        "glossary, definition": "What is negative amortisation?",
        "bylaws, how is": "How is the chair elected?",
        "report, how come": "How come the reserve fund shrank?",
        "manual, meant": "What is meant by soft start?",
        "paper, two questions on one thing": "What is dropout and how does it prevent overfitting?",
        "manual, makes": "What makes the compressor so loud in the morning?",
        "report, happened": "The pier was closed for a month. Why is that?",
    },
    "about": {
        "minutes, what was discussed": "What was discussed at the spring meeting?",
        "guide, what there is": "What housing is there for visiting crews?",
        "contract, what must be done": "What must the tenant's agent do under the lease?",
        "handbook, say about": "What does the handbook say about remote work?",
        "lease, terms": "What are the terms for subletting?",
        "handbook, tell me about": "Tell me about the mentoring scheme.",
        "policy, rules": "What are the rules for carrying batteries on board?",
        "contract, happens if": "What happens if the goods arrive damaged?",
        "handbook, offer": "What does the employer offer new parents?",
        "policy, bare phrase": "conditions for early repayment?",
        "lease, conditions": "When can the landlord end the tenancy early?",
        "rules, may": "When may a guest be asked to leave?",
        "contract, say on": "What does the contract say on confidentiality?",
        "guide, what about": "What about parking for motorcycles?",
        "report, describe": "Describe the situation of the fisheries.",
        "policy, information": "Give me information on travel insurance.",
        "handbook, policy on": "What is the policy on gifts from suppliers?",
        "lease, said": "What is said about heating costs?",
        "statute, require": "What does the statute require of notaries?",
        "minutes, talk about": "What did the council talk about in May?",
        "minutes, decide": "What did the board decide on the pier?",
        "guide, anything about": "Is there anything about fishing permits?",
    },
    "comparison": {
        "policy, difference": "What is the difference between the basic and the premium cover?",
        "lease, differ": "How do the two leases differ?",
        "manual, compare": "Compare the small kiln and the large kiln.",
        "manual, vs": "gas burner vs electric burner",
        "policy, which should I": "Which tariff should I choose for a family of five?",
        "report, compared to": "How did sales in Norway develop compared to Sweden?",
        "paper, differ from": "How does this approach differ from earlier work?",
        "plan, different": "What is different in the new pension scheme?",
        "manual, or better": "Should I take the oak or the ash handle?",
        "policy, is there": "Is there a difference between a deductible and a copayment?",
        "statute, in common": "What do the two statutes have in common?",
        "manual, recommend": "Which of the two filters would you recommend?",
        "policy, can you recommend": "Can you recommend a tariff for a student?",
        "policy, topic first": "Lost luggage: how do the Silver and the Gold card differ?",
        "thesis, similarities": "Name the similarities between both surveys.",
        "terms, changed between": "What changed between the old and the new terms?",
        "plan, better in": "Is the dental cover better in Silver or in Gold?",
        "contracts, similar": "How are the two contracts similar?",
        "manual, explain the difference": "Explain the difference between a fuse and a breaker.",
    },
    "parts": {
        "lease, three": "Who is the landlord, when does the lease begin and what is the rent?",
        "manual, two": "How hot does the kiln get and how much power does it draw?",
        "handbook, and can I": "How do I report an accident, and can I see a doctor of my choice?",
        "report, how many": "How many wells were drilled last year and in how many regions?",
        "policy, who and how": "Who can file a claim, and how long does it take?",
        "contract, two sentences": "When is delivery due? What is the penalty for delay?",
        "paper, which and what": "Which corpus was used and what was its size?",
        "manual, yes and what": "Is the filter washable, and what does a new one cost?",
        "bylaws, told": "Tell me who chairs the board, when it meets and how much members are paid.",
        "guide, where and when": "Where does the ferry leave and when is the last crossing?",
        "letter, what and why": "What did the auditor ask for, and why was it refused?",
        "statute, after a clause": "Since the reform, who appoints the judge and for how long does she serve?",
    },
    "table": {
        "guide, of every": "Give me duration, fee and language of every course.",
        "manual, make a table": "Make a table of the firing temperatures.",
        "report, all figures": "What did the club pay in rent each year? I need all six figures.",
        "report, all rows": "accidents 2023 by cause, all rows",
        "manual, data": "Technical data of the K40: weight, voltage, chamber size and maximum temperature.",
        "policy, with their": "List all plans with their premium, deductible and limit.",
        "bylaws, tabulate": "Tabulate the committees and their chairs.",
        "report, in a table": "Show the quarterly revenue in a table.",
        "report, as a table": "Put the staff numbers of the last three years into a table.",
        "catalogue, for each": "state height, width and price for each shelf",
        "report, broken down": "I'd like the emissions broken down by site.",
        "paper, results": "Create a table with the results of all baselines",
    },
    "overview": {
        "lease, overview": "Give me an overview of the lease.",
        "report, summarise": "Summarise the chapter on fisheries.",
        "report, sum up": "Sum up the year 2022 for the harbour.",
        "paper, about": "What is the paper about?",
        "paper, findings": "What are the main findings of the study?",
        "handbook, key points": "key points of the handbook",
        "manual, chapter": "What does chapter 4 say?",
        "report, short": "short summary of the audit report please",
        "thesis, few sentences": "In a few sentences, what does the thesis contribute?",
        "contract, polite": "Can you give us a brief summary of the contract?",
        "statute, topics": "Which topics does the statute deal with?",
        "letter, gist": "the gist of the letter",
        "bulletin, with parts": "Give me a short overview of the recall: what happened and who is affected?",
    },
    "collection": {
        "what do I have": "What documents do I have?",
        "what are all": "What are all the documents?",
        "how many": "How many files are there?",
        "with a party": "How many documents do we have with Halden?",
        "about": "List all documents about the boathouse.",
        "mention": "Which documents mention Ada Quill?",
        "show": "show me my pdfs",
        "is there": "Do you have any documents on kilns?",
        "author": "Who wrote the lease?",
        "pages": "How many pages does the kiln manual have?",
        "title": "What is the title of the lease?",
        "created": "When was tarn_lease.pdf created?",
        "summaries": "Summarise all documents",
        "added": "When was the document tarn_lease.pdf added?",
    },
    "keyword": {
        "manual": "drive belt tension",
        "report, period": "Orkla net income Q4 2021",
        "lease": "deposit boathouse",
        "policy": "waiting period dental",
        "manual, code": "error code E4",
        "paper": "ablation study batch size",
        "handbook": "parental leave",
        "contract": "force majeure",
        "name": "Ada Quill",
        "catalogue": "shelf height 180 cm",
        "list price": "list price oak shelf",
        "report": "goodwill impairment 2020",
        "statute": "notice period commercial tenancy",
    },
    "chat": {
        "hello": "Hello there!",
        "thanks": "thanks, that was really useful",
        "who": "Who are you?",
        "help": "What can you do?",
        "bye": "See you tomorrow",
        "translate": "Translate the lease into French",
        "email": "Write an email to the landlord about the deposit.",
        "poem": "Can you write me a poem?",
        "chart": "Draw a chart of the sales.",
        "web": "Search the web for kiln prices",
        "sum": "Calculate the sum of all invoices.",
        "reminder": "Remind me to pay the rent",
        "praise": "great answer!",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "form"),
    [pytest.param(text, form, id=f"{form}: {name}") for form, each in EXAMPLES.items() for name, text in each.items()],
)
def test_form(text: str, form: Form) -> None:
    assert form_of(text, DOCUMENTS) == form


@pytest.mark.parametrize("form", EXAMPLES)
def test_each_form_has_a_dozen_examples(form: Form) -> None:
    assert len(EXAMPLES[form]) >= 12


@pytest.mark.parametrize(
    "text", ["Who wrote the kiln manual?", "When was the lease made?", "What is the title of the survey?"]
)
def test_a_property_that_is_unknown_is_searched_for(text: str) -> None:
    assert form_of(text, DOCUMENTS) == "fact"


@pytest.mark.parametrize("opening", ["", "Hello, ", "Please, ", "Hi! "])
@pytest.mark.parametrize("form", ["fact", "how_to", "explain", "about", "parts", "comparison"])
def test_a_greeting_does_not_change_the_form(opening: str, form: Form) -> None:
    for text in EXAMPLES[form].values():
        assert form_of(opening + text, DOCUMENTS) == form, opening + text


@pytest.mark.parametrize("text", ["Wie lange dauert die Garantie?", "¿Cuánto cuesta la llave para el puerto?"])
def test_other_languages_ask_for_a_fact(text: str) -> None:
    assert form_of(text, DOCUMENTS) == "fact"


def test_what_questions_are_never_yes_no() -> None:
    for text in ("What is apt and when is it used?", "Which of them is it", "what are they, is it known"):
        assert form_of(text, DOCUMENTS) != "yes_no"


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    assert form_of_question(text) not in ("chat", "collection")


@pytest.mark.parametrize("text", ["What does a mooring cost?", "What did the anchor weigh?", "What does a pilot earn?"])
def test_a_value_is_asked_for_by_its_verb(text: str) -> None:
    assert form_of(text, DOCUMENTS) == "fact"
