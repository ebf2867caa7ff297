"""``rag eval``: questions with known answers, and what the system makes of them. docs/evaluation.md explains it.

The page is in :mod:`rag.evaluation.html_report`, which is loaded when one is wanted.
"""

from rag.evaluation.comparison import Comparison, compare, read_run
from rag.evaluation.correctness import is_right
from rag.evaluation.questions import LabelledQuestion, absent_documents, read_questions
from rag.evaluation.results import Item
from rag.evaluation.runner import RANKS, evaluate
from rag.evaluation.summary import summarise

__all__ = [
    "RANKS",
    "Comparison",
    "Item",
    "LabelledQuestion",
    "absent_documents",
    "compare",
    "evaluate",
    "is_right",
    "read_questions",
    "read_run",
    "summarise",
]
