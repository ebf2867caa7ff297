"""Query understanding: from the question as typed to the searches and the kind of answer."""
