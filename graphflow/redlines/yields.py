"""Yields: how long money stood, in years, and how far yields lie apart, all of it exact.

A yield is simple, as contracts write it: the gain over the capital times the time for which it stood. Whole
calendar months count a twelfth of a year each, other spans by days of 365.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

from graphflow.redlines.facts import Facts
from graphflow.rows import local_time


def day_of(facts: Facts, at: int) -> datetime.date:
    """The local day of a moment."""
    return local_time(at, facts.tables.timezone).date()


def years(one: datetime.date, other: datetime.date) -> Fraction:
    """The time between two days in years.

    >>> years(datetime.date(2023, 1, 31), datetime.date(2023, 3, 31))
    Fraction(1, 6)
    >>> years(datetime.date(2023, 1, 30), datetime.date(2023, 1, 31))
    Fraction(1, 365)
    """
    months = 12 * (other.year - one.year) + other.month - one.month
    if months > 0 and one.day == other.day:
        return Fraction(months, 12)
    return Fraction((other - one).days, 365)


MOST_EXACT = 500
"""Of more yields than these each is taken to twelve decimals: fractions of thousands of denominators grow
beyond all use."""


def variance(values: Sequence[Fraction]) -> Fraction:
    """The square of the standard deviation of some values, of all that there are (n, not n − 1).

    So the same yields, some told more often than others, lie equally far apart.

    >>> variance([Fraction(2), Fraction(6), Fraction(10), Fraction(14)])
    Fraction(20, 1)
    """
    if len(values) > MOST_EXACT:
        values = [Fraction(round(each * 10**12), 10**12) for each in values]
    mean = sum(values, Fraction(0)) / len(values)
    return sum(((each - mean) ** 2 for each in values), Fraction(0)) / len(values)


def root(square: Fraction, digits: int = 12) -> Fraction:
    """The root of a fraction: exact where it is one, else rounded up at so many digits.

    >>> root(Fraction(4, 9)), root(Fraction(2), 2)
    (Fraction(2, 3), Fraction(71, 50))
    """
    up, down = square.numerator, square.denominator
    whole = isqrt(up * down)
    if whole * whole == up * down:
        return Fraction(whole, down)
    scale = 10**digits
    return Fraction(isqrt(up * scale * scale // down) + 1, scale)
