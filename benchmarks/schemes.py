"""Laundering schemes that others planted, beside the patterns that are found: recall and precision.

**What a hit is.** A pattern that was found is a hit of a planted scheme of the same kind if at least half of
all transfers that either of the two has are transfers of both: 8 in common of 10 planted and 12 found are 8
of 14, a hit; 10 planted in a run of 30 are not. Pairs are taken one to one, the most alike first, so that no
scheme is hit twice and no pattern hits two. *Recall* is hits over schemes planted, *precision* hits over
patterns found; *among the first* counts the hits among as many patterns as there are schemes, in the order in
which patterns are shown. A *complete* hit has the scheme's transfers and no others.

A pattern that is no hit may still be laundering (the fan inside a gather-scatter is a fan). So it is said too
how many patterns have at least half of their transfers in planted schemes of any kind; and, transfer by
transfer, which part of a kind's planted transfers is in any pattern of that kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pandas as pd

Row = dict[str, Any]
Ways = Sequence[frozenset[str]]

HALF = Fraction(1, 2)
"""Of all transfers that either has, so many are in common in a hit."""

AMLSIM = ("cycle", "fan_in", "fan_out", "gather_scatter", "scatter_gather")
"""Kinds of alerts in AMLSim: named as our patterns are."""


def hits(found: Ways, planted: Ways, least: Fraction = HALF) -> dict[int, int]:
    """By pattern that is a hit, the scheme: one to one, the most alike first.

    >>> hits([frozenset("abcx"), frozenset("abc"), frozenset("uvwxyz")], [frozenset("abc"), frozenset("uv")])
    {1: 0}
    """
    of: dict[str, list[int]] = {}
    for number, scheme in enumerate(planted):
        for each in scheme:
            of.setdefault(each, []).append(number)
    alike = []
    for k, way in enumerate(found):
        for number in {n for each in way for n in of.get(each, ())}:
            part = Fraction(len(way & planted[number]), len(way | planted[number]))
            if part >= least:
                alike.append((-part, k, number))
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, k, number in sorted(alike):
        if k not in taken and number not in used:
            taken[k] = number
            used.add(number)
    return dict(sorted(taken.items()))


@dataclass(frozen=True)
class Score:
    """One kind of pattern beside the schemes of its kind: counts, from which every part is made.

    ``days``: from a scheme's first transfer to its last, the least, the median and the most.
    """

    kind: str
    planted: int
    found: int
    hits: int
    complete: int
    first: int
    laundering: int
    transfers: int
    covered: int
    days: tuple[int, int, int] = (0, 0, 0)

    @property
    def recall(self) -> Fraction:
        return Fraction(self.hits, self.planted)

    @property
    def precision(self) -> Fraction:
        return Fraction(self.hits, max(self.found, 1))


def score(kind: str, found: Ways, planted: Ways, any_kind: Collection[str]) -> Score:
    """Patterns of a kind, in the order in which they are shown, beside the schemes of that kind.

    >>> score("k", [frozenset("ab"), frozenset("cx")], [frozenset("ab"), frozenset("cde")], set("abcde"))
    Score(kind='k', planted=2, found=2, hits=1, complete=1, first=1, laundering=2, transfers=5, covered=3,
    days=(0, 0, 0))
    """
    matched = hits(found, planted)
    theirs = frozenset().union(*planted)
    return Score(
        kind, len(planted), len(found), len(matched),
        sum(found[k] == planted[number] for k, number in matched.items()),
        sum(k < len(planted) for k in matched),
        sum(2 * sum(each in any_kind for each in way) >= len(way) for way in found),
        len(theirs), len(theirs & frozenset().union(*found)),
    )  # fmt: skip


def schemes_of(transfers: pd.DataFrame, kind: str, kinds: str, number: str) -> list[frozenset[str]]:
    """The transfers of each planted scheme of a kind, by the columns that name kind and scheme."""
    mine = transfers[transfers[kinds] == kind]
    return [frozenset(part["transfer_id"]) for _, part in mine.groupby(number)]


def amlsim(case: Any) -> list[Score]:
    """Every kind of alert of AMLSim, looked for as `gf.patterns` does where nothing else is asked."""
    import graphflow as gf

    transfers = case.tables.transfers
    flagged = frozenset(transfers.loc[transfers["alert_type"].notna(), "transfer_id"])
    scores = []
    for kind in AMLSIM:
        ways = [frozenset(way) for way in gf.patterns(case, kind).frame()["transfers"]]
        one = score(kind, ways, schemes_of(transfers, kind, "alert_type", "alert_id"), flagged)
        time = transfers[transfers["alert_type"] == kind].groupby("alert_id")["time"]
        days = sorted(((time.max() - time.min()).dt.days).tolist())
        scores.append(replace(one, days=(days[0], days[len(days) // 2], days[-1])))
    return scores


# ---------------------------------------------------------------------- AMLworld
AMLWORLD: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "cycle": ("cycle", {"least": 2, "most": 12}),
    "fan-out": ("fan_out", {"least": 2}),
    "fan-in": ("fan_in", {"least": 2}),
    "gather-scatter": ("gather_scatter", {"least": 1}),
    "scatter-gather": ("scatter_gather", {"least": 2, "permille": -1}),
    "stack": ("pass_through", {"least": 1, "permille": -1}),
}
"""By kind of attempt the pattern by which it is looked for, and what is asked beside 20 days: attempts of two
transfers are looked for too, and across currencies no amounts are compared. A *stack* of AMLworld is many
chains of two transfers that touch nobody else, not layers that all pay all: each link is a pass-through."""


@dataclass(frozen=True)
class Attempts:
    """The attempts of a kind in AMLworld: how many, how many of its shape, and of how many all is found.

    ``whole``: all transfers between two accounts of an attempt are in patterns of the kind, and in one alone
    where it is one structure; ``can``: the same as plain recomputation says it must be.
    """

    kind: str
    attempts: int
    rows: int
    can: int
    whole: int
    complete: int


def amlworld(case: Any) -> list[Attempts]:
    """Every kind of attempt of AMLworld; those that no pattern is for have none found."""
    import graphflow as gf

    transfers = case.tables.transfers
    transfers = transfers[transfers["typology"].notna()]
    answers = []
    for kind, mine in transfers.groupby("typology"):
        parts = [part for _, part in mine.groupby("attempt")]
        ways: list[frozenset[str]] = []
        if kind in AMLWORLD:
            name, asked = AMLWORLD[kind]
            ways = [frozenset(w) for w in gf.patterns(case, name, window="20D", **asked).frame()["transfers"]]
        looked = [between(part) for part in parts]
        can = [bool(MUST[kind](part)) if kind in MUST else False for part in looked]
        whole = [found_whole(str(kind), part, ways) for part in looked]
        same = [frozenset(part["transfer_id"]) in set(ways) for part in looked]
        answers.append(Attempts(str(kind), len(parts), len(mine), sum(can), sum(whole), sum(same)))
    return answers


def between(part: pd.DataFrame) -> pd.DataFrame:
    """The transfers of an attempt between two accounts, in time order: some pay an account from itself."""
    return part[part["source"] != part["target"]].sort_values("time", kind="stable")


def found_whole(kind: str, part: pd.DataFrame, ways: Iterable[frozenset[str]]) -> bool:
    """Whether all of a scheme is found in one pattern; of a stack of chains, each chain in one."""
    if kind == "stack":
        chains = chains_of(part)
    else:
        chains = [set(part["transfer_id"])]
    everything = set().union(*chains) == set(part["transfer_id"])
    return len(part) > 1 and everything and all(any(chain <= way for way in ways) for chain in chains)


def _others(part: pd.DataFrame, hub: str, other: str) -> bool:
    """One hub, with at least two others."""
    return part[hub].nunique() == 1 and part[other].nunique() >= 2


def _in_order(part: pd.DataFrame) -> bool:
    """A cycle in time order: each leaves the account that the one before paid, from the earliest on."""
    return len(part) > 1 and part["target"].tolist() == [*part["source"].tolist()[1:], part["source"].iloc[0]]


def _gathers(part: pd.DataFrame) -> bool:
    """One hub that everything is paid to or by, and it pays something after it was paid something."""
    for hub in set(part["target"]) & set(part["source"]):
        came, went = part[part["target"] == hub], part[part["source"] == hub]
        if len(came) + len(went) == len(part) and came["time"].min() <= went["time"].max():
            return True
    return False


def in_order(link: tuple[pd.Series, pd.Series]) -> bool:
    """Whether an account between pays no earlier than it is paid."""
    return bool(link[0]["time"] <= link[1]["time"])


def links_of(part: pd.DataFrame) -> list[tuple[pd.Series, pd.Series]]:
    """Of each account that is paid once and pays once: both transfers."""
    middle = sorted(set(part["target"]) & set(part["source"]))
    return [
        (part[part["target"] == each].iloc[0], part[part["source"] == each].iloc[0])
        for each in middle
        if (part["target"] == each).sum() == (part["source"] == each).sum() == 1
    ]


def _scatters(part: pd.DataFrame) -> bool:
    links = links_of(part)
    ends = {(came["source"], went["target"]) for came, went in links}
    apart = len(ends) == 1 and all(payer != payee for payer, payee in ends)
    return apart and 2 * len(links) == len(part) > 2 and all(map(in_order, links))


def _chains(part: pd.DataFrame) -> bool:
    return len(part) > 1 and set(part["transfer_id"]) == set().union(*chains_of(part))


def chains_of(part: pd.DataFrame) -> list[set[str]]:
    """The chains of two transfers in time order, from one account over another to a third."""
    return [
        {came["transfer_id"], went["transfer_id"]}
        for came, went in filter(in_order, links_of(part)) if came["source"] != went["target"]
    ]  # fmt: skip


MUST = {
    "cycle": _in_order,
    "fan-out": lambda part: _others(part, "source", "target"),
    "fan-in": lambda part: _others(part, "target", "source"),
    "gather-scatter": _gathers,
    "scatter-gather": _scatters,
    "stack": _chains,
}
"""Which attempts have to be found whole, by plain words over the attempt alone."""
