"""Questions that the system makes itself out of a user's own documents.

For two uses: how sure an answer is can be calibrated on them, and ``rag eval --make`` drafts a questions file.
"""

from rag.question_making.drafts import SHARE_UNANSWERABLE, answerable_draft, unanswerable_drafts
from rag.question_making.keywords import keyword_questions
from rag.question_making.made import Fact, Form, MadeQuestion
from rag.question_making.making import make_questions, question_about
from rag.question_making.negatives import Swapped, answering_rows, foreign_questions, swapped_questions, withheld_rows
from rag.question_making.sampling import sampled_facts

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
