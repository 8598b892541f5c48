"""The same question under every rule, side by side, with the envelope; computed when it is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

import graphflow as gf
from app import cases
from app.names import called
from app.session import say
from app.style import verbatim
from app.tables import MONEY, Column, config
from app.tracing.answer import MOST_ROWS, Words, holders_of, names_of
from graphflow.errors import GraphflowError, UsageError
from graphflow.pictures import brief
from graphflow.terminal import while_compiling
from graphflow.tracing import RULES

if TYPE_CHECKING:
    from graphflow.case import Case

MOST_KEPT = 6


@dataclass(frozen=True)
class Compared:
    """One row an end, a column a rule and the envelope; the names of ends; why a rule has no answer."""

    frame: pd.DataFrame
    names: dict[str, str]
    errors: dict[str, GraphflowError]


@st.cache_resource(show_spinner=False)
def _known() -> dict[tuple[Any, ...], Compared]:
    """The comparisons of this process, the latest last."""
    return {}


def _key(case: Case, reference: str, settings: dict[str, Any]) -> tuple[Any, ...]:
    """The question without its rule, and without what only one rule knows."""
    asked = {**settings, "overdraft": "lender"}
    del asked["rule"]
    return (str(case.path), case.hash, reference, tuple(asked.items()))


def compared(case: Case, reference: str, settings: dict[str, Any]) -> Compared | None:
    """The comparison of that question where it has been computed."""
    return _known().get(_key(case, reference, settings))


def _compare(case: Case, reference: str, settings: dict[str, Any]) -> Compared:
    key = _key(case, reference, settings)
    known, asked = _known(), dict(key[-1])
    with cases.COMPUTING, while_compiling(lambda count: None, lambda: None):
        frame = gf.compare_rules(case, reference, **asked)
        errors: dict[str, GraphflowError] = {}
        for name in frame.attrs["errors"]:  # told there in one language: ask again, to say it in the reader's
            try:
                gf.trace(case, reference, rule=name, **asked)
            except UsageError as error:
                errors[name] = error
    who = holders_of(frame)
    frame = frame.assign(who=who)
    known[key] = Compared(frame, names_of(case, set(who), asked["by"] == "party"), errors)
    while len(known) > MOST_KEPT:
        del known[next(iter(known))]
    return known[key]


def compared_rows(words: Words, found: Compared) -> tuple[pd.DataFrame, dict[str, Column]]:
    """The comparison as it is shown and written to files."""
    many = Counter(called(found.names, who) for who in set(found.frame["who"]))
    names = {}
    for who in set(found.frame["who"]):
        name = called(found.names, who)
        names[who] = brief(name, who) if many[name] > 1 else name
    frame = found.frame.assign(
        what=[words.end(kind) for kind in found.frame["kind"]],
        called=[names[who] for who in found.frame["who"]],
        sure=[
            "" if pd.isna(each) else say("yes") if each else say("bounds only")
            for each in found.frame["exact"]
        ],
    )
    columns = {
        "what": Column(words.where, width=120),
        "called": Column(say("Account or party"), width=130),
    }
    for rule in RULES:
        if rule.name in frame and rule.name not in found.errors:
            columns[rule.name] = Column(
                say(rule.title).split(" (")[0],
                MONEY,
                108,
                say(rule.says),
            )
    columns |= {
        "least": Column(
            say("Least"), MONEY, 108, say("No attribution that conserves money in time order gives less.")
        ),
        "greatest": Column(
            say("Greatest"), MONEY, 108, say("No attribution that conserves money in time order gives more.")
        ),
        "sure": Column(
            say("Exact"),
            width=70,
            help=say("Bounds only: the true least and greatest lie between these two."),
        ),
        "who": Column(say("Account or party number"), width=190),
    }
    return frame, columns


def comparison(words: Words, reference: str, settings: dict[str, Any]) -> None:
    """All rules side by side, once a click has asked for them."""
    case = words.case
    found = compared(case, reference, settings)
    if found is None:
        st.caption(
            say(
                "The same question under every rule, and the least and the greatest that any attribution "
                "could give (the envelope). It takes about as long as five traces."
            )
        )
        if not st.button(say("Compare all rules"), key="trace_compare", icon=":material/compare_arrows:"):
            return
        try:
            with st.spinner(say("Comparing…")):
                _compare(case, reference, settings)
        except GraphflowError as error:
            cases.tell(error)
            return
        st.rerun()  # so that the export has it too
    frame, columns = compared_rows(words, found)
    shown, config_ = config(frame.head(MOST_ROWS), columns, words.figures)
    st.container(key="trace_rules").dataframe(
        shown,
        column_config=config_,
        hide_index=True,
        placeholder="",
        height=min(420, 37 + 35 * max(len(shown), 1)),
    )
    for name, refused in found.errors.items():
        title = next(say(rule.title) for rule in RULES if rule.name == name)
        for problem in getattr(refused, "problems", ()):
            st.caption(f"**{title}** · {verbatim(say(problem.what, **problem.values))}")
    st.caption(
        say(
            "{count} ends. Every column but poison adds up to the money asked about; poison says what was "
            "touched. What is at least “least” holds under every rule; a conclusion that rests on one rule "
            "alone should say so.",
            count=f"{len(frame):,}",
        )
    )
    for reason in found.frame.attrs.get("reasons", ()):
        st.caption(say("Note: {reason}.", reason=say(reason)))
    if settings["overdraft"] == "coordinated":
        st.caption(
            say("Compared with overdrafts as the lender's: only first in, first out coordinates them.")
        )
