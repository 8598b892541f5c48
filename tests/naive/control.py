"""Control, written to be read: whoever has enough votes comes in, until nobody does."""

from __future__ import annotations


def controlled(pointer, companies, votes, quota, starts, gained):
    """The set, found by looking at everybody again and again; and the votes of the whole set in each."""
    inside = {int(i) for i in starts}
    size = len(pointer) - 1

    def had(j):
        return sum(
            int(votes[k])
            for i in inside
            for k in range(int(pointer[i]), int(pointer[i + 1]))
            if int(companies[k]) == j
        )

    while True:
        more = [j for j in range(size) if j not in inside and had(j) > int(quota[j])]
        if not more:
            return inside
        inside.update(more)
