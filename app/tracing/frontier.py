"""Statements to ask for next: where the money left what we hold, ranked by what each would explain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import cases
from app.session import say
from app.style import verbatim
from app.tables import COUNT, MONEY, SHARE, Column, config
from app.tracing.answer import MOST_ROWS, Words, holders_of
from graphflow.language import N_

FRONTIER = "frontier"
_NAMELESS = "?:"  # a counterparty that no row gives a number


def frontier_rows(words: Words) -> tuple[pd.DataFrame, int]:
    """One row for each statement to ask for, the most money first; and the money of those without a number.

    ``amount`` is in the seed's currency; under a rule that attributes nothing what came there, in its own.
    """
    kept, result = words.kept, words.result
    ends = result.ends[result.ends["kind"] == FRONTIER]
    money = ends[kept.measure].astype("int64")
    sums: dict[str, int] = {}
    nameless = 0
    for who, amount in zip(holders_of(ends), money, strict=True):
        if who.startswith(_NAMELESS):
            nameless += amount
        else:
            sums[who] = sums.get(who, 0) + amount
    side = "source" if words.backward else "target"
    rows = kept.rows.assign(who=[kept.who(each) for each in kept.rows[side]])
    came = rows[rows["who"].isin(sums)].groupby("who")["at"].agg(["size", "min", "max"]).to_dict("index")
    whose = {*kept.rows["source"].unique(), *kept.rows["target"].unique()}
    accounts: dict[str, list[str]] = {}
    for account in whose:
        if kept.who(account) in sums:
            accounts.setdefault(kept.who(account), []).append(account)
    ledger = words.case.ledger
    held = set(np.unique(ledger.periods["account"]).tolist())
    banks: dict[str, str] = {}
    given = cases.picked(words.case, "accounts", "account_id", [*sums], ["bank"])
    if given is not None and "bank" in given.column_names:
        banks = dict(zip(given["account_id"].to_pylist(), given["bank"].to_pylist(), strict=True))
    found: list[dict[str, Any]] = []
    for who, amount in sorted(sums.items(), key=lambda each: (-each[1], each[0])):
        some = any(ledger.account(each) in held for each in accounts.get(who, [who]))
        seen = came.get(who)
        found.append(
            {
                "called": words.called(who),
                "amount": amount,
                "why": say(N_("the statement ends too early")) if some else say(N_("no statement")),
                "transfers": 0 if seen is None else int(seen["size"]),
                "first": "" if seen is None else str(seen["min"]),
                "last": "" if seen is None else str(seen["max"]),
                "bank": banks.get(who) or "",
                "who": who,
            }
        )
    names = ["called", "amount", "why", "transfers", "first", "last", "bank", "who"]
    frame = pd.DataFrame(found, columns=names)
    return frame.assign(share=words.shares(frame["amount"])), nameless


def frontier_columns(words: Words, frame: pd.DataFrame) -> dict[str, Column]:
    columns = {
        "called": Column(say("Account or party"), width=220),
        "amount": Column(
            say("Money it would explain") if words.result.attributes else say("Touched"), MONEY, 190
        ),
        "share": Column(say("Share"), SHARE, 90),
        "why": Column(say("What is missing"), width=150),
        "transfers": Column(say("Transfers"), COUNT, 90),
        "first": Column(say("First"), width=140),
        "last": Column(say("Last"), width=140),
        "bank": Column(say("Bank"), width=120),
        "who": Column(say("Account or party number"), width=200),
    }
    if not words.result.attributes:
        del columns["share"]
    if not (frame["bank"] != "").any():
        del columns["bank"]
    return columns


def frontier_table(words: Words) -> None:
    """Whose statements to ask for next, and how much of the money each would explain."""
    frame, nameless = frontier_rows(words)
    if frame.empty and not nameless:
        st.info(
            say("All of the money came from inside our statements: none is to be asked for.")
            if words.backward
            else say("All of the money stayed inside our statements: none is to be asked for.")
        )
        return
    if not frame.empty:
        shown, settings = config(frame.head(MOST_ROWS), frontier_columns(words, frame), words.figures)
        st.container(key="trace_frontier").dataframe(
            shown,
            column_config=settings,
            hide_index=True,
            placeholder="",
            height=min(420, 37 + 35 * len(shown)),
        )
        said = say(
            "{count} statements to ask for, the one that would explain the most money first.",
            count=f"{len(frame):,}",
        )
        if words.result.attributes:
            total = int(frame["amount"].sum())
            said += " " + say(
                "Together {money} ({share}) of the money asked about.",
                money=verbatim(words.figures.money(total)),
                share=words.share(total),
            )
        st.caption(said)
    if nameless:
        st.caption(
            say(
                "{money} went to counterparties that no row gives a number: ask the payer's bank who "
                "they are.",
                money=verbatim(words.figures.money(nameless)),
            )
            if not words.backward
            else say(
                "{money} came from counterparties that no row gives a number: ask the payee's bank who "
                "they are.",
                money=verbatim(words.figures.money(nameless)),
            )
        )
