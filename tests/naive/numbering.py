"""Numbers for texts, by Python's own texts and dictionaries."""

from __future__ import annotations


def texts_of(offsets, data, valid=()):
    known = valid if len(valid) else [1] * (len(offsets) - 1)
    laid = bytes(data)
    return [laid[offsets[i] : offsets[i + 1]] if known[i] else None for i in range(len(offsets) - 1)]


def find_texts(offsets, data, valid, its_offsets, its_data):
    """Where each text stands first among others, or -1."""
    first = {}
    for i, text in enumerate(texts_of(its_offsets, its_data)):
        first.setdefault(text, i)
    return [first.get(text, -1) for text in texts_of(offsets, data, valid)]


def number_texts(offsets, data, valid):
    """Numbers in the order of first appearance, and the row of each."""
    first = {}
    numbers, rows = [], []
    for i, text in enumerate(texts_of(offsets, data, valid)):
        if text is not None and text not in first:
            first[text] = len(first)
            rows.append(i)
        numbers.append(-1 if text is None else first[text])
    return numbers, rows
