"""Writers of answers: one of values, one of several sentences, each from the draft to what is shown."""
