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


def hold_texts(slots, offsets, data, count):
    """Every text once: the numbers of the first ones, in any slots, each with the upper half of its text's key."""
    numbers = {}
    for i, text in enumerate(texts_of(offsets, data)[:count]):
        numbers.setdefault(text, i)
    return sorted(numbers.values())


def number_texts(column, begin, numbers, table, count):
    """Numbers in the order of first appearance, up to the block of rows for which there may be no room."""
    slots, starts, texts = table
    offsets, data, valid = column
    rows = texts_of(offsets, data, valid)
    held = texts_of(starts[: count + 1], texts)
    at = begin
    while at < len(rows):
        end = min(at + 256, len(rows))
        room = sum(len(text) for text in held) + int(offsets[end] - offsets[at]) <= len(texts)
        most = len(held) + end - at
        if 2 * most > len(slots) or most >= len(starts) or not room:
            break
        for i in range(at, end):
            if rows[i] is not None and rows[i] not in held:
                held.append(rows[i])
            numbers[i] = -1 if rows[i] is None else held.index(rows[i])
        at = end
    laid = b"".join(held)
    texts[: len(laid)] = list(laid)
    starts[: len(held) + 1] = [sum(len(text) for text in held[:i]) for i in range(len(held) + 1)]
    return at, len(held)
