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


def controlled_by_each(pointer, companies, votes, quota, begins, starts):
    """The set of each group, without its own."""
    groups = [[int(i) for i in starts[begins[g] : begins[g + 1]]] for g in range(len(begins) - 1)]
    return [controlled(pointer, companies, votes, quota, group, None) - set(group) for group in groups]


def held_from_below(pointer, owners, companies, votes, quota, asked):
    """Of each tie: whether its owner is in the set of its company."""
    below = {int(j): controlled(pointer, companies, votes, quota, [j], None) - {int(j)} for j in asked}
    return [int(i) in below.get(int(j), ()) for i, j in zip(owners, companies, strict=True)]
