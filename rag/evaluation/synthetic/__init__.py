"""Questions that the system makes itself out of a user's own documents.

For two uses: how sure an answer is can be calibrated on them, and ``rag eval --make`` drafts a questions file.
"""

from rag.evaluation.synthetic.drafts import SHARE_UNANSWERABLE, answerable_draft, unanswerable_drafts
from rag.evaluation.synthetic.keywords import keyword_questions
from rag.evaluation.synthetic.making import make_questions, question_about
from rag.evaluation.synthetic.negatives import (
    Swapped,
    answering_rows,
    foreign_questions,
    swapped_questions,
    withheld_rows,
)
from rag.evaluation.synthetic.sampling import sampled_facts
from rag.evaluation.synthetic.types import Fact, Form, MadeQuestion

__all__ = [
    "SHARE_UNANSWERABLE",
    "Fact",
    "Form",
    "MadeQuestion",
    "Swapped",
    "answerable_draft",
    "answering_rows",
    "foreign_questions",
    "keyword_questions",
    "make_questions",
    "question_about",
    "sampled_facts",
    "swapped_questions",
    "unanswerable_drafts",
    "withheld_rows",
]
