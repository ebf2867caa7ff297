"""Feedback: what people say of answers, as labelled questions."""
