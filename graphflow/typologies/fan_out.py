"""Fan-out: one holder pays many within a short time."""

from __future__ import annotations

from graphflow.typologies.episodes import fans
from graphflow.typologies.found import Asked, Found
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Runs of what a holder pays in which some window has at least `least` different payees.

    Windows begin with a transfer; those that have a transfer in common are one run, with all that they have.
    Members: the holder, then its payees. The amount is what it paid.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> from graphflow.typologies.payments import payments_of
    >>> p = payments_of(toys.t1())                         # M pays X and Y
    >>> find(p, Asked(window=365 * 86_400_000_000, least=2)).transfers.tolist()
    [2, 4]
    """
    return fans(payments, asked, 0)
