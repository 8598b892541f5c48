"""An answer made ready to be shown: computed once a question, worded once a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

import graphflow as gf
from app import cases, sankey, session
from app.money import times
from app.sankey import Chain, View
from app.session import say
from graphflow.language import N_
from graphflow.pictures import END_NAMES
from graphflow.tables import as_frame

if TYPE_CHECKING:
    from graphflow.case import Case

# What the ends are called when the question is where money had come from.
ORIGIN_NAMES: Mapping[str, str] = {
    "balance": N_("was in the account at the start"),
    "cash": N_("paid in as cash"),
    "fee": N_("interest, fees and taxes paid back"),
    "hub": N_("lost in a clearing account"),
    "returned": N_("came from who received it"),
    "asset": N_("assets sold"),
    "frontier": N_("before our statements"),
    "lender": N_("lent by overdraft"),
    "recirculated": N_("met another seed"),
    "horizon": N_("beyond the limit set"),
}
MOST_CHAINS = 100_000  # chains looked at for the picture; beyond, the money left out is said
MOST_ROWS = 5_000  # rows in a table on the screen


@dataclass(frozen=True)
class Kept:
    """What an answer is made of that depends on neither language nor unit: built once a question."""

    result: Any
    chains: tuple[Chain, ...]  # the largest first
    complete: bool  # whether these are all
    names: Mapping[str, str]
    view: View
    rows: pd.DataFrame  # one row a transfer that carries traced money, the seed's too

    @property
    def left_out(self) -> int:
        return int(self.result.seed) - sum(chain.amount for chain in self.chains)


@st.cache_resource(max_entries=12, show_spinner=False)
def answered(_case: Case, stamp: str, reference: str, settings: tuple[tuple[str, Any], ...]) -> Kept:
    chosen = dict(settings)
    with cases.COMPUTING:
        result = gf.trace(_case, reference, **chosen)
        stream = _chains(result, bool(chosen["backward"]))
        chains = sorted(islice(stream, MOST_CHAINS), key=lambda chain: -chain.amount)
        complete = next(stream, None) is None
    accounts = {account for chain in chains for account in chain.accounts}
    accounts |= set(result.ends["account_id"])
    names = cases.names(_case, accounts)
    group: Callable[[str], str] = str
    if chosen["by"] == "party":
        owner = cases.parties_of(_case, accounts)
        names |= cases.party_names(_case, set(owner.values()))
        group = lambda account: owner.get(account, account)  # noqa: E731
    view = sankey.build(chains, int(result.seed), names=names, group=group, backward=bool(chosen["backward"]))
    return Kept(result, tuple(chains), complete, names, view, _rows(_case, result, chains, names))


def _chains(result: Any, backward: bool) -> Iterator[Chain]:
    """The chains of a result in the order of the question: from the seed outward."""
    for each in result.iter_chains():
        accounts = tuple(each.accounts)
        yield Chain(
            int(each.amount), accounts[::-1] if backward else accounts, tuple(each.transfers), each.kind
        )


def _rows(case: Case, result: Any, chains: Iterable[Chain], names: Mapping[str, str]) -> pd.DataFrame:
    """Every transfer that carries traced money, with what the case says of it, in time order."""
    carried = {row.transfer_id: int(row.seed_amount) for row in result.transfers.itertuples(index=False)}
    seeds: dict[str, int] = defaultdict(int)
    for chain in chains:
        if chain.transfers and chain.transfers[0] not in carried:
            seeds[chain.transfers[0]] += chain.amount
    ids = [*seeds, *carried]
    given = cases.picked(
        case,
        "transfers",
        "transfer_id",
        ids,
        [
            "time",
            "time_day",
            "source",
            "target",
            "amount",
            "currency",
            "memo",
            "source_name",
            "target_name",
            "source_file",
            "source_sheet",
            "source_row",
        ],
    )
    frame = as_frame(given).sort_values(["time", "transfer_id"], ignore_index=True)
    frame["traced"] = [carried.get(each, seeds.get(each, 0)) for each in frame["transfer_id"]]
    frame["seed"] = frame["transfer_id"].isin(seeds)
    days = frame.get("time_day")
    frame["at"] = times(frame["time"], case.tables.timezone, days)
    for side in ("source", "target"):
        missing = {each for each in frame[side] if each not in names}
        known = {**names, **cases.names(case, missing)} if missing else names
        frame[side + "_called"] = [known.get(each, each) for each in frame[side]]
    return frame


class Words:
    """How an answer is worded and written in this session."""

    def __init__(self, case: Case, kept: Kept, backward: bool) -> None:
        self.case, self.kept, self.backward = case, kept, backward
        self.result = kept.result
        self.figures = session.figures(kept.result.currency, case.tables.minor_units)

    def end(self, kind: str) -> str:
        names = ORIGIN_NAMES if self.backward else END_NAMES
        return say(names.get(kind, kind))

    @property
    def where(self) -> str:
        """The head of a column of ends."""
        return say("Source of the money") if self.backward else say("Where it is")

    def node(self, node: sankey.Node) -> str:
        if node.kind == sankey.END:
            return self.end(node.ident)
        if node.kind == sankey.OTHERS:
            return say("{count} others", count=f"{node.members:,}")
        return node.name

    def share(self, amount: int) -> str:
        seed = int(self.result.seed)
        return f"{amount / seed:.1%}" if seed else "–"

    def path(self, chain: Chain) -> str:
        names = [self.kept.names.get(each, each) for each in chain.accounts]
        return " → ".join(names[::-1] if self.backward else names)

    def focus(self, focus: tuple[str, Any]) -> str:
        kind, which = focus
        view = self.kept.view
        if kind == "link" and which < len(view.links):
            link = view.links[which]
            return f"{self.node(view.nodes[link.source])} → {self.node(view.nodes[link.target])}"
        if kind == "node" and which < len(view.nodes):
            return self.node(view.nodes[which])
        if kind == "end":
            return f"{self.end(which[0])} · {self.kept.names.get(which[1], which[1])}"
        if kind == "chain":
            return say("Chain {number}", number=which + 1)
        return ""
