"""An answer made ready to be shown: computed once a question, worded once a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

import graphflow as gf
from app import cases, sankey, session
from app.money import times
from app.names import behind, called
from app.sankey import Chain, View
from app.session import say
from graphflow.pictures import brief, end_name
from graphflow.pictures.words import percent
from graphflow.tables import as_frame
from graphflow.terminal import while_compiling

if TYPE_CHECKING:
    from graphflow.case import Case

MOST_CHAINS = 100_000  # chains looked at for the picture; beyond, the money left out is said
MOST_ANSWERS = 12  # kept, so that going back to a question is quick
MOST_ROWS = 5_000  # rows in a table on the screen


@dataclass(frozen=True)
class Kept:
    """What an answer is made of that depends on neither language nor unit: built once a question."""

    result: Any
    chains: tuple[Chain, ...]  # the largest first
    complete: bool  # whether these are all
    names: Mapping[str, str]
    owner: Mapping[str, str]  # the party of each account, where the question is by party
    rows: pd.DataFrame  # one row a transfer that carries traced money, the seed's too
    everyone: frozenset[str]  # the accounts, or by party the parties, that it is about

    def who(self, account: str) -> str:
        """What an account is counted under: by party its party, else itself."""
        return self.owner.get(account, account)

    @property
    def left_out(self) -> int:
        return int(self.result.seed) - sum(chain.amount for chain in self.chains)


@st.cache_resource(show_spinner=False)
def _answers() -> dict[tuple[Any, ...], Kept]:
    """The answers of this process, the latest last.

    Not a cached function of the question: while one computes it must tell the screen what takes so long.
    """
    return {}


def answered(
    case: Case,
    reference: str,
    settings: tuple[tuple[str, Any], ...],
    tell: Callable[[int], None],
    ended: Callable[[], None],
) -> Kept:
    """The answer to a question, computed once; `tell` and `ended` as in `while_compiling`."""
    question = (str(case.path), case.hash, reference, settings)
    known = _answers()
    kept = known.get(question)
    if kept is None:
        with cases.COMPUTING, while_compiling(tell, ended):
            kept = known[question] = _answer(case, reference, dict(settings))
            while len(known) > MOST_ANSWERS:
                del known[next(iter(known))]
    return kept


def _answer(case: Case, reference: str, chosen: dict[str, Any]) -> Kept:
    by = chosen.pop("by")
    result = gf.trace(case, reference, **chosen)
    stream = (
        Chain(int(each.amount), each.accounts, each.transfers, each.kind) for each in result.iter_chains()
    )
    chains = sorted(islice(stream, MOST_CHAINS), key=lambda chain: -chain.amount)
    complete = next(stream, None) is None
    rows = _rows(case, result)
    accounts = {account for chain in chains for account in chain.accounts} | set(result.ends["account_id"])
    accounts |= set(rows["source"]) | set(rows["target"])
    names = cases.names(case, behind(accounts))
    owner: dict[str, str] = {}
    if by == "party":
        owner = cases.parties_of(case, accounts)
        names |= cases.party_names(case, set(owner.values()))
    everyone = frozenset(owner.get(account, account) for account in accounts)
    return Kept(result, tuple(chains), complete, names, owner, rows, everyone)


@st.cache_resource(max_entries=16, show_spinner=False)
def viewed(_kept: Kept, question: str, most: int, columns: int) -> View:
    """The picture of an answer, folded to a size."""
    return sankey.build(
        _kept.chains,
        int(_kept.result.seed),
        names=_kept.names,
        group=_kept.who,
        backward=_kept.result.backward,
        most=most,
        columns=columns,
    )


_GIVEN = ("time_day", "memo", "source_file", "source_sheet", "source_row")


def _rows(case: Case, result: Any) -> pd.DataFrame:
    """Every transfer that carries traced money, the seed's too, in time order, with what its source says."""
    seeds = result.seeds.dropna(subset="transfer_id").groupby("transfer_id")["seed_amount"].sum()
    carried = result.transfers.set_index("transfer_id")["seed_amount"]
    traced = pd.concat([seeds, carried])
    given = cases.picked(
        case,
        "transfers",
        "transfer_id",
        list(traced.index),
        ("time", "source", "target", "amount", "currency", *_GIVEN),
    )
    frame = as_frame(given).sort_values(["time", "transfer_id"], ignore_index=True)
    frame["traced"] = traced.reindex(frame["transfer_id"]).fillna(0).astype("int64").to_numpy()
    frame["seed"] = frame["transfer_id"].isin(seeds.index)
    frame["at"] = times(frame["time"], case.tables.timezone, frame.get("time_day"), fraction=False)
    return frame


class Words:
    """How an answer is worded and written in this session."""

    def __init__(self, case: Case, kept: Kept, view: View) -> None:
        self.case, self.kept, self.view = case, kept, view
        self.result = kept.result
        self.backward = bool(kept.result.backward)
        self.figures = session.figures(kept.result.currency, case.tables.minor_units)
        many = Counter(called(kept.names, who) for who in kept.everyone)
        self.shared = frozenset(name for name, count in many.items() if count > 1)

    def end(self, kind: str) -> str:
        return say(end_name(kind, self.backward))

    @property
    def where(self) -> str:
        """The head of a column of ends."""
        return say("Source of the money") if self.backward else say("Where it is")

    def node(self, node: sankey.Node) -> str:
        if node.kind == sankey.END:
            return self.end(node.ident)
        if node.kind == sankey.OTHERS:
            return say("+{count} more", count=f"{node.members:,}")
        return self.called(node.ident)

    def share(self, amount: int) -> str:
        """Its part of the seed, cut off, not rounded, as the command line has it: 100.0 % is all of it."""
        seed = int(self.result.seed)
        return f"{percent(amount, seed)}%" if seed else "–"

    def path(self, chain: Chain) -> str:
        names = [self.name(each) for each in chain.accounts]
        return " → ".join(names[::-1] if self.backward else names)

    def name(self, account: str) -> str:
        """What an account is called: by party, its party."""
        return self.called(self.kept.who(account))

    def called(self, who: str) -> str:
        """The name of an account or party, and the end of its number where another here has the same name."""
        name = called(self.kept.names, who)
        return brief(name, who) if name in self.shared and who in self.kept.everyone else name

    def focus(self, focus: tuple[str, Any]) -> str:
        kind, which = focus
        view = self.view
        if kind == "link" and which < len(view.links):
            link = view.links[which]
            return f"{self.node(view.nodes[link.source])} → {self.node(view.nodes[link.target])}"
        if kind == "node" and which < len(view.nodes):
            return self.node(view.nodes[which])
        if kind == "end":
            return f"{self.end(which[0])} · {self.called(which[1])}"
        if kind == "chain":
            return say("Chain {number}", number=which + 1)
        return ""
