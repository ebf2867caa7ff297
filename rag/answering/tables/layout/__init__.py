"""Tables by layout: from the boxes of words, one module per step."""
