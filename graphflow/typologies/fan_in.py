"""Fan-in: one holder receives from many within a short time."""

from __future__ import annotations

from graphflow.typologies.episodes import fans
from graphflow.typologies.found import Asked, Found
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Runs of what a holder receives in which some window has at least `least` different payers.

    Windows begin with a transfer; those that have a transfer in common are one run, with all that they have.
    Members: the holder, then its payers. The amount is what it received.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> from graphflow.typologies.payments import payments_of
    >>> p = payments_of(toys.t1())                         # A, B and C pay M
    >>> found = find(p, Asked(window=365 * 86_400_000_000, least=3))
    >>> found.transfers.tolist(), found.amount.tolist(), found.members.size
    ([0, 1, 3], [60000], 4)
    """
    return fans(payments, asked, 1)
