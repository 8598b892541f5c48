"""The one selection of the screen, whichever widget it was made in."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.sankey import View
from app.tracing.answer import Kept


class Selection:
    """The one selection of the screen: what the rows are filtered by, and which rows light their path."""

    WIDGETS = ("chart", "rows", "ends", "chains")

    def __init__(self, question: str) -> None:
        state = st.session_state
        if state.get("trace_asked") != question:
            state.trace_asked = question
            state.trace_focus = None
            self.renew(*self.WIDGETS)
        self.focus: tuple[str, Any] | None = state.get("trace_focus")

    def key(self, widget: str) -> str:
        return f"trace_{widget}_{st.session_state.setdefault('trace_serials', {}).get(widget, 0)}"

    @staticmethod
    def renew(*widgets: str) -> None:
        """Give widgets a new key, so that they show no selection of their own."""
        serials = st.session_state.setdefault("trace_serials", {})
        for widget in widgets:
            serials[widget] = serials.get(widget, 0) + 1

    def set(self, origin: str, focus: tuple[str, Any] | None) -> None:
        """A new focus, set by one widget: the others give up theirs."""
        if focus == st.session_state.get("trace_focus"):
            return
        st.session_state.trace_focus = focus
        self.renew(*(widget for widget in self.WIDGETS if widget != origin))

    def clear(self) -> None:
        st.session_state.trace_focus = None
        self.renew(*self.WIDGETS)


def focused(
    kept: Kept, view: View, focus: tuple[str, Any] | None
) -> tuple[frozenset[str] | None, frozenset[int]]:
    """The transfers that a focus filters by (None: all), and the links that it lights."""
    if focus is None:
        return None, frozenset()
    kind, which = focus
    if kind == "link":
        return frozenset(view.rows_of_link(which)), view.paths_of_links([which])
    if kind == "node":
        return frozenset(view.rows_of_node(which)), view.paths_of_node(which)
    if kind == "chain":
        chains = [kept.chains[which]] if which < len(kept.chains) else []
    else:
        chains = [each for each in kept.chains if (each.kind, each.accounts[-1]) == tuple(which)]
    rows = frozenset(each for chain in chains for each in chain.transfers)
    wanted = {id(chain) for chain in chains}
    # A view keeps the chains in the order in which it was given them.
    paths = [
        path for chain, (_, _, path) in zip(kept.chains, view.chains, strict=True) if id(chain) in wanted
    ]
    return rows, frozenset(each for path in paths for each in path)
