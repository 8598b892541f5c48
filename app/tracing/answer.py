"""An answer made ready to be shown: computed once a question, worded once a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
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
from graphflow.errors import GraphflowError, UsageError
from graphflow.pictures import brief, end_name
from graphflow.pictures.words import percents
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
    inside: int  # transfers inside a party, which these rows leave out
    everyone: frozenset[str]  # the accounts, or by party the parties, that it is about
    unchained: GraphflowError | None  # why there are no chains
    more: dict[str, Any] = field(default_factory=dict)  # what is computed when it is first asked for

    def who(self, account: str) -> str:
        """What an account is counted under: by party its party, else itself."""
        return self.owner.get(account, account)

    def later(self, what: str, compute: Callable[[], Any]) -> Any:
        """What is computed only when it is asked for, once."""
        if what not in self.more:
            with cases.COMPUTING:
                self.more[what] = compute()
        return self.more[what]

    @property
    def measure(self) -> str:
        """The column of the ends that counts: under a rule that attributes nothing, the end's own amount."""
        return "seed_amount" if self.result.attributes else "amount"

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
    result = gf.trace(case, reference, **chosen)
    chains: list[Chain] = []
    complete, unchained = True, None
    try:
        stream = (
            Chain(int(each.amount), each.accounts, each.transfers, each.kind) for each in result.iter_chains()
        )
        chains = sorted(islice(stream, MOST_CHAINS), key=lambda chain: -chain.amount)
        complete = next(stream, None) is None
    except UsageError as error:  # a rule that attributes nothing has none, and says so
        unchained = error
    rows = _rows(case, result)
    holders = {who for chain in chains for who in chain.accounts} | set(holders_of(result.ends))
    accounts = set(rows["source"]) | set(rows["target"]) | set(result.ends["account_id"].dropna())
    accounts |= set(result.assumptions["account_id"].dropna())
    owner: dict[str, str] = {}
    inside = 0
    if chosen["by"] == "party":
        owner = cases.parties_of(case, accounts)
        within = [
            not seed and payer in owner and owner[payer] == owner.get(payee)
            for payer, payee, seed in zip(rows["source"], rows["target"], rows["seed"], strict=True)
        ]
        inside = sum(within)
        rows = rows[[not each for each in within]].reset_index(drop=True)
    names = names_of(case, accounts | holders, chosen["by"] == "party")
    everyone = frozenset(owner.get(account, account) for account in accounts | holders)
    return Kept(result, tuple(chains), complete, names, owner, rows, inside, everyone, unchained)


def holders_of(ends: pd.DataFrame) -> list[str]:
    """Whose each end is: the account, or by party the party of accounts that have one."""
    pairs = zip(ends["account_id"], ends["party_id"], strict=True)
    return [str(party) if pd.isna(account) else str(account) for account, party in pairs]


def names_of(case: Case, who: Collection[str], parties: bool) -> dict[str, str]:
    """What accounts are called, and by party what the parties are."""
    found = cases.names(case, behind(who))
    if parties:
        owners = cases.parties_of(case, who)
        found |= cases.party_names(case, {*who, *owners.values()})
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def viewed(_kept: Kept, question: str, most: int, columns: int) -> View:
    """The picture of an answer, folded to a size. By party the chains have parties already."""
    return sankey.build(
        _kept.chains,
        int(_kept.result.seed),
        names=_kept.names,
        backward=_kept.result.backward,
        most=most,
        columns=columns,
    )


_GIVEN = ("time_day", "memo", "source_file", "source_sheet", "source_row")


def _rows(case: Case, result: Any) -> pd.DataFrame:
    """Every transfer that carries traced money, the seed's too, in time order, with what its source says."""
    seeds = result.seeds.dropna(subset="transfer_id").groupby("transfer_id")["seed_amount"].sum()
    carried = result.transfers.set_index("transfer_id")["seed_amount" if result.attributes else "traced"]
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
        """Its part of the seed, as the command line has it: 100.0 % is all of it."""
        return f"{self.shares([amount])[0]:.1f}%" if self.result.seed else "–"

    def shares(self, amounts: Iterable[int]) -> list[float]:
        """Of each, how much per cent of the seed it is, to a tenth."""
        return [float(each) for each in percents([int(x) for x in amounts], int(self.result.seed))]

    def path(self, chain: Chain) -> str:
        names = [self.called(each) for each in chain.accounts]
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
