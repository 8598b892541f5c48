"""How good a ranking is: precision among the first, area under precision and recall, PPV at a base rate.

Never accuracy: where one in a thousand is guilty, whoever accuses nobody is right 999 times.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from graphflow.errors import Problem, UsageError
from graphflow.language import N_

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

SURE = 0.95
"""How sure the least PPV is: each of its two rates is bounded so that both hold together."""


def precision_at(truth: Flags, score: Reals, count: int) -> float:
    """What part of the first so many is true; subjects of one score count as if their order were drawn.

    Parameters
    ----------
    truth, score
        Of each subject.
    count
        How many are looked at; where there are fewer, all of them.

    Returns
    -------
    float
        NaN of nobody.

    Examples
    --------
    >>> precision_at(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]), 2)
    0.5
    >>> precision_at(np.array([True, False]), np.array([1.0, 1.0]), 1)       # nobody says who is first
    0.5
    """
    count = min(count, truth.size)
    if not count:
        return float("nan")
    cut = np.sort(score)[::-1][count - 1]
    above, at = score > cut, score == cut
    share = (count - int(above.sum())) / int(at.sum())
    return float((truth[above].sum() + share * truth[at].sum()) / count)


def average_precision(truth: Flags, score: Reals) -> float:
    """The area under the curve of precision and recall, in steps; one score is one step.

    A ranking without knowledge has the part of the true ones. Precision is not drawn straight between two
    points: that promises more than there is.

    Parameters
    ----------
    truth, score
        Of each subject.

    Returns
    -------
    float
        NaN where nobody is true.

    Examples
    --------
    >>> average_precision(np.array([True, False, True, False]), np.array([4.0, 3.0, 2.0, 1.0]))
    0.8333333333333333
    >>> average_precision(np.array([True, False, True, False]), np.zeros(4))
    0.5
    """
    whole = int(truth.sum())
    if not whole:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order]) != 0), score.size - 1)
    hits = np.cumsum(truth[order])[last]
    gained = np.diff(hits, prepend=0)
    return float((gained * (hits / (last + 1))).sum() / whole)


def base_rate_of(value: Fraction | str | float | int) -> Fraction:
    """A stated base rate, exact: a part of one between nothing and all.

    Examples
    --------
    >>> base_rate_of("0.001")
    Fraction(1, 1000)
    """
    try:
        rate = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        rate = Fraction(-1)
    if not 0 < rate < 1:
        what = N_("this is no base rate")
        expected = N_("a part of one, such as 0.001: how many of all that are asked are guilty")
        raise UsageError(Problem("base_rate", what, first=str(value), expected=expected))
    return rate


def ppv(hits: int, positives: int, alarms: int, negatives: int, base_rate: Fraction) -> Fraction | None:
    """What part of those who are named would be guilty, if a stated part of all were.

    ``TPR × rate / (TPR × rate + FPR × (1 − rate))`` of the rates on labels: how many of the labels are
    guilty does not enter, for who has a label was chosen.

    Parameters
    ----------
    hits, positives
        How many of the guilty were named, of how many.
    alarms, negatives
        How many of the others were named, of how many.
    base_rate
        The part of all that is guilty.

    Returns
    -------
    Fraction or None
        None where nobody was named, or there are no labels of a class.

    Examples
    --------
    >>> round(float(ppv(900, 1000, 10, 1000, Fraction(1, 1000))), 4)
    0.0826
    """
    if not positives or not negatives or not hits + alarms:
        return None
    true = Fraction(hits, positives) * base_rate
    false = Fraction(alarms, negatives) * (1 - base_rate)
    return true / (true + false)


def ppv_least(hits: int, positives: int, alarms: int, negatives: int, base_rate: Fraction) -> float | None:
    """The least PPV that counts so small let one believe in: both rates at their bounds (Clopper-Pearson).

    That nobody of forty others was named does not mean that nobody ever is.

    Examples
    --------
    >>> round(ppv_least(900, 1000, 10, 1000, Fraction(1, 1000)), 4)
    0.0459
    >>> ppv(30, 40, 0, 40, Fraction(1, 100)), round(ppv_least(30, 40, 0, 40, Fraction(1, 100)), 3)
    (Fraction(1, 1), 0.063)
    """
    from scipy.stats import beta

    if not positives or not negatives or not hits + alarms:
        return None
    tail = (1 - SURE) / 2  # each of the two bounds may fail half as often
    low = float(beta.ppf(tail, hits, positives - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, alarms + 1, negatives - alarms)) if alarms < negatives else 1.0
    true, false = low * float(base_rate), high * float(1 - base_rate)
    return true / (true + false)
