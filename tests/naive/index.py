"""Index by key, written to be read."""

from __future__ import annotations


def index_by(keys, size):
    """Positions of equal keys, in their order: how many keys are less than each key, and which are equal to it."""
    pointer = [sum(1 for key in keys if key < k) for k in range(size + 1)]
    positions = [i for k in range(size) for i, key in enumerate(keys) if key == k]
    return pointer, positions
