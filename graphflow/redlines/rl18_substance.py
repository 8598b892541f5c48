"""RL-18 Substance against licence (业务实质与牌照不符): what an entity's flows show it does, and may not do.

The rule: what is done must be what the licences allow (国办发〔2016〕21号 二（二）1). Looked at: the
functional signature of the flows of every entity (`graphflow.redlines.signatures`), each with its statistics
and sample paths, beside the licences it has. Not it: a treasury inside one group, whoever pays on for a
licensed principal, a merchant, courts and escrows (they have a role); nor, where credit is looked for, what
says that it is for goods or wages, and what is paid to employees. A licence clears what was done while it
was in force, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import Facts
from graphflow.redlines.signatures import (
    FUNCTION_NAMES,
    LICENCES_FOR,
    Limits,
    Signature,
    chains_of_paths,
    deposits,
    lendings,
    payments,
)
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

STATISTICS = {
    "forwarded": N_("part that goes on in time"),
    "fee": N_("part that it keeps"),
    "payers": N_("outside payers"),
    "payees": N_("outside payees"),
    "lenders": N_("persons who put money in"),
    "borrowers": N_("who is given money"),
    "gained": N_("persons who were paid back more"),
    "gain": N_("paid back beyond what was given"),
}
"""What the statistics of a signature are called."""

LIMITS = {"gained": "gainers"}
"""The limits of statistics that are not called as these are."""

NO_LICENCE = {
    "payment": N_("its flows are those of {function}: {amount} came in, and no licence for it is known"),
    "deposit": N_("its flows are those of {function}: {amount} came in, and no licence for it is known"),
    "lending": N_("its flows are those of {function}: {amount} was given, and no licence for it is known"),
}
"""What is said of a function that nobody allowed."""

FUNCTIONS = {"payment": payments, "deposit": deposits, "lending": lendings}


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    payers: Number | None = None,
    payees: Number | None = None,
    forwarded: Number | None = None,
    fee: Number | None = None,
    lenders: Number | None = None,
    borrowers: Number | None = None,
    gainers: Number | None = None,
) -> Iterator[Finding]:
    """Entities whose flows show a financial function for which they have no licence.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    payers, payees
        Least numbers of outsiders who pay in and are paid, for payment.
    forwarded
        Least part of what comes in that goes on within one day, for payment.
    fee
        Greatest part that is kept, for payment.
    lenders, borrowers
        Least numbers of persons who put money in and of those who are given it, for credit.
    gainers
        Least number of persons who were paid back more than they had put in, for credit.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl18
    >>> [str(f.summary)[:29] for f in find(rl18.toy())], len(list(find(rl18.near_miss())))
    (['its flows are those of paymen'], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, payers=payers, payees=payees, forwarded=forwarded, fee=fee, lenders=lenders,
        borrowers=borrowers, gainers=gainers,
    )  # fmt: skip
    facts = ask.facts
    for function, look in FUNCTIONS.items():
        if ask.runs(function):
            limits = Limits(
                int(ask.threshold("payers")), int(ask.threshold("payees")), ask.threshold("forwarded"),
                ask.threshold("fee"), 1, int(ask.threshold("lenders")), int(ask.threshold("borrowers")),
                int(ask.threshold("gainers")),
            )  # fmt: skip
            for signature in look(facts, limits):
                yield _finding(ask, signature)


def licensed(facts: Facts, party: int, function: str) -> bool:
    """Whether a party has, on the day, a licence of which one allows a function."""
    rows = facts.in_force("licences")
    mine = rows.loc[rows["party_id"] == facts.party_ids[party], "function"]
    return bool(set(mine) & LICENCES_FOR[function])


def _own_licences(facts: Facts, signature: Signature) -> pd.DataFrame:
    """The licences that a party has or had for what a signature shows, whenever they were in force."""
    rows = facts.rows("licences")
    mine = rows["party_id"] == facts.party_ids[signature.party]
    found: pd.DataFrame = rows[mine & rows["function"].isin(LICENCES_FOR[signature.function])]
    return found


def rows_of(facts: Facts, signature: Signature) -> list[Cited]:
    """The rows of a signature: its transfers show it; accounts, parties, group and licences are context."""
    flows = facts.flows
    both = np.concatenate([signature.incoming, signature.outgoing])
    mine = flows[flows["row"].isin(both)]
    accounts = sets.unique(mine[["source", "target"]].to_numpy())
    party = str(facts.party_ids[signature.party])
    return [
        facts.cite("transfers", signature.incoming),
        facts.cite("transfers", signature.outgoing),
        facts.cite_accounts(accounts),
        facts.cite_parties({party, *(facts.holder(int(each)) for each in accounts)} - {""}),
        *facts.cite_group(party),
        # that licences were given at all is what the absence of one rests on
        facts.cite("licences", facts.rows("licences").head(1), False),
        facts.cite("licences", _own_licences(facts, signature), False),
    ]


def _finding(ask: Inquiry, signature: Signature) -> Finding:
    facts = ask.facts
    party = str(facts.party_ids[signature.party])
    currency = facts.currencies[signature.currency]
    amount = int(signature.statistics["amount"])
    thresholds = {
        "fee": "<=",
        "forwarded": ">=",
        "payers": ">=",
        "payees": ">=",
        "lenders": ">=",
        "borrowers": ">=",
        "gained": ">=",
    }
    measures = [
        ask.measure(
            name,
            STATISTICS[name],
            value,
            LIMITS.get(name, name) if name in thresholds else None,
            thresholds.get(name, ">="),
        )
        for name, value in signature.statistics.items()
        if name != "amount"
    ]
    return ask.finding(
        subject=("party", party),
        hit=(signature.function,),
        summary=Told(
            NO_LICENCE[signature.function],
            function=Told(FUNCTION_NAMES[signature.function]),
            amount=f"{amount_text(amount, facts.tables.minor_units.get(currency, 2))} {currency}",
        ),
        measures=measures,
        rows=rows_of(facts, signature),
        severity="high",
        kinds={"flow": "shown", "register": "inferred"},
        elements={
            "function": "shown",
            "licence": (
                "inferred",
                N_("its licences for it were not in force then")
                if len(_own_licences(facts, signature))
                else N_("no licence of it is among those that were given"),
            ),
            "outsiders": "shown",
        },
        against={
            "agent": ("unknown", N_("no table says for whom it acts")),
            "treasury": ("clear", N_("what moves inside its group is left out")),
            "merchant": _merchant(facts, signature),
            "escrow": ("clear", N_("it has no role that takes money in by law")),
        },
        amount=amount,
        currency=currency,
        chains=chains_of_paths(facts, signature),
    )


def _merchant(facts: Facts, signature: Signature) -> tuple[str, str]:
    """Whether it buys and sells itself: then it pays wages and taxes beside what it passes on."""
    if signature.left_out:
        text = N_("left out: {count} payments said to be for goods, wages and the like, or to employees")
        return "unknown", Told(text, count=signature.left_out)
    flows = facts.flows
    mine = flows[(flows["payer"] == signature.party) & ~flows["row"].isin(signature.outgoing)]
    kinds = facts.account_kind[mine["target"].to_numpy()]
    if not facts.has("accounts.kind"):
        return "unknown", N_("no kinds of accounts are known")
    if np.isin(kinds, ["tax", "payroll"]).any():
        return "unknown", N_("it pays tax or wages too: whether goods move is in no table")
    return "clear", N_("nothing but passing on is seen of it")


LINE = RedLine(
    code="RL-18",
    name=N_("Substance against licence"),
    name_zh="业务实质与牌照不符",
    asks=N_("Do an entity's flows show a financial function for which it has no licence?"),
    tests=(
        Test(
            "payment",
            N_("payment: many pay in, nearly all goes on to others within a day"),
            ("accounts.party_id", "licences"),
        ),
        Test(
            "deposit",
            N_("credit: persons pay in, others are given it, the persons get more back"),
            ("accounts.party_id", "parties", "licences"),
        ),
        Test("lending", N_("lending: it pays many who pay back more"), ("accounts.party_id", "licences")),
    ),
    elements={
        "function": N_("a financial function is seen in its flows"),
        "licence": N_("it has no licence for that function"),
        "outsiders": N_("it serves others than its own group"),
    },
    guards={
        "agent": N_("it acts for a licensed principal"),
        "treasury": N_("it is the treasury of its group"),
        "merchant": N_("it is a merchant that buys and sells itself"),
        "escrow": N_("it holds money by law (court, escrow, custody)"),
    },
    find=find,
)
