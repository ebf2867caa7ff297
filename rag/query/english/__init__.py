"""Rules for English questions: clauses, cues of answer forms, nouns."""
