"""The one table of colours: the same in reports, notebooks and the app.

Told apart by people who see few colours too; each is readable on white and on near-black. Ends are told apart
by their names as well.
"""

from __future__ import annotations

from collections.abc import Mapping

SEED, ACCOUNT, FOLDED = "#2f76c0", "#8494a8", "#a9a9a9"
END_COLOURS: Mapping[str, str] = {
    "balance": "#2e9a6a",
    "cash": "#cf4a4a",
    "fee": "#94705f",
    "hub": "#8a6cc4",
    "returned": "#2b9db5",
    "asset": "#b9922b",
    "frontier": "#e0822a",
    "lender": "#cf62a0",
    "recirculated": "#5b7be0",
    "horizon": "#7d7d7d",
}
"""One colour a kind of end."""

GROUND_COLOURS: Mapping[str, str] = {
    "controlled": "#cf4a4a",
    "owner": "#2e9a6a",
    "no_owner_known": "#e0822a",
    "unknown_owner": "#7d7d7d",
    "ring": "#8a6cc4",
    "product_cash": "#2b9db5",
    "product_asset": "#b9922b",
    "unknown_holdings": "#94705f",
    "no_party": "#cf62a0",
}
"""One colour a reason why money stands where it does."""
