"""Toys of RL-17: layers of products (P1), what stands behind them, a ring, leverage looked through (P4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis import holders
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_PAID = [{"transfer_id": "1", "time": "2024-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"}]


def _with_payment(frames: Frames) -> Frames:
    """A case is one of transfers: one between strangers, which says nothing of the products."""
    return {"transfers": frame_of(_PAID), **frames}


def _nested(
    products: Sequence[Mapping[str, str]],
    holdings: Sequence[tuple[str, str, str, str, str]],
    **tables: Sequence[Mapping[str, str]],
) -> Frames:
    """Products, and who holds what: product, asset, kind, amount, debtor."""
    return _with_payment({
        "products": frame_of(products),
        "holdings": frame_of([
            {"product_id": product, "asset_id": asset, "asset_kind": kind, "amount": amount,
             "borrower_id": debtor, "as_of": "2024-02-29"}
            for product, asset, kind, amount, debtor in holdings
        ]),
        **{name: frame_of(rows) for name, rows in tables.items()},
    })  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _with_payment(holders.p1_tables())


def toy() -> Case:
    """P1: W holds T holds S holds bonds, two layers; W2 over a public fund and the exempt X have one each."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = toy_tables()
    holdings = frames["holdings"]
    frames["holdings"] = holdings[~holdings["product_id"].isin(["W", "T", "S"])].reset_index(drop=True)
    return frames


def near_miss() -> Case:
    """The part of P1 that is as it may be: a public fund is no layer, nor is what an exempt fund holds."""
    return case_of(near_miss_tables())


_RUN = {"manager_id": "M", "issuer_id": "M", "custodian_id": "B", "start": "2022-06-01"}
_TRUST = {"manager_id": "N", "issuer_id": "N", "custodian_id": "B", "start": "2022-06-01"}


def hidden_toy_tables() -> Frames:
    """The tables of `hidden_toy`."""
    return _nested(
        [
            {"product_id": "W", "name": "稳盈一号", "kind": "mixed", **_RUN},
            {"product_id": "T", "name": "通道信托", "kind": "trust", **_TRUST},
            {"product_id": "S", "name": "城建专项", "kind": "fixed_income", **_TRUST},
        ],
        [
            ("W", "T", "product", "900", ""),
            ("W", "C", "cash", "100", ""),
            ("T", "S", "product", "800", ""),
            ("T", "L1", "loan", "100", "E"),
            ("S", "L2", "loan", "500", "D"),
            ("S", "L3", "loan", "300", "E"),
        ],
        parties=[
            {"party_id": "M", "name": "恒信资管", "kind": "company", "sector": "asset_manager"},
            {"party_id": "N", "name": "华泽信托", "kind": "company", "sector": "trust_company"},
            {"party_id": "B", "name": "托管银行", "kind": "bank", "sector": "bank"},
            {"party_id": "D", "name": "恒信置业", "kind": "company", "sector": "developer"},
            {"party_id": "E", "name": "永丰机械", "kind": "company", "sector": "ordinary"},
        ],
        stakes=[{"owner_id": "M", "company_id": "D", "share": "0.7", "since": "2020-01-01"}],
        subscriptions=[
            {"product_id": "W", "investor_id": "P", "amount": "1000", "time": "2024-02-01"},
        ],
    )  # fmt: skip


def hidden_toy() -> Case:
    """Behind two layers, of which another company runs one, stands a developer that the manager controls."""
    return case_of(hidden_toy_tables())


def ring_toy_tables() -> Frames:
    """The tables of `ring_toy`."""
    return _nested(
        [
            {"product_id": "A", "name": "甲产品", "kind": "mixed", **_RUN},
            {"product_id": "B", "name": "乙产品", "kind": "mixed", **_TRUST},
        ],
        [
            ("A", "B", "product", "50", ""),
            ("A", "X", "standard_debt", "50", ""),
            ("B", "A", "product", "60", ""),
        ],
        parties=[{"party_id": each, "name": each, "kind": "company"} for each in "MN"],
    )  # fmt: skip


def ring_toy() -> Case:
    """Two products that hold one another: layers without an end."""
    return case_of(ring_toy_tables())


def leverage_toy_tables() -> Frames:
    """The tables of `leverage_toy`."""
    frames = _with_payment(holders.p4_tables())
    frames["products"] = frames["products"].assign(
        offering=["public", "private"], open_type=["open", "open"], kind="mixed"
    )
    return frames


def leverage_toy() -> Case:
    """P4: an open public product has 120 % by its own figures, 160 % looked through; 140 % are allowed."""
    return case_of(leverage_toy_tables())


def _private(issuers: tuple[str, str]) -> Frames:
    """The same, private; its bonds are two, of these issuers."""
    frames = leverage_toy_tables()
    frames["products"] = frames["products"].assign(offering="private")
    rows = [{str(k): str(v) for k, v in row.items()} for row in frames["holdings"].to_dict("records")]
    bonds = [
        {**rows[0], "asset_id": f"bond {number}", "amount": "40", "borrower_id": issuer}
        for number, issuer in enumerate(issuers, 1)
    ]
    frames["holdings"] = frame_of([*bonds, *rows[1:]])
    return frames


def bond_toy_tables() -> Frames:
    """The tables of `bond_toy`."""
    return _private(("E", "E"))


def bond_toy() -> Case:
    """The same, private, with 80 of 100 in the bonds of one issuer: 120 % are allowed, it has 160 %."""
    return case_of(bond_toy_tables())


def leverage_near_miss_tables() -> Frames:
    """The tables of `leverage_near_miss`."""
    return _private(("E", "F"))


def leverage_near_miss() -> Case:
    """The same product, private, its bonds of two issuers: 160 % looked through, and 200 % are allowed."""
    return case_of(leverage_near_miss_tables())


def _three(**given: str) -> Frames:
    """W over T over S; W and T run as told."""
    return _nested(
        [
            {"product_id": "W", "kind": "mixed", **_RUN, **given},
            {"product_id": "T", "kind": "mixed", **_RUN},
            {"product_id": "S", "kind": "mixed", **_TRUST},
        ],
        [
            ("W", "T", "product", "95", ""),
            ("W", "C", "cash", "5", ""),
            ("T", "S", "product", "80", ""),
            ("S", "Y", "standard_debt", "80", ""),
        ],
        parties=[{"party_id": each, "name": each, "kind": "company"} for each in "BMN"],
    )  # fmt: skip


def unit_class_near_miss_tables() -> Frames:
    """The tables of `unit_class_near_miss`."""
    return _three()


def unit_class_near_miss() -> Case:
    """W holds T alone, under the same manager and custodian: a class of its units, and one layer is left."""
    return case_of(unit_class_near_miss_tables())


def legacy_near_miss_tables() -> Frames:
    """The tables of `legacy_near_miss`."""
    frames = _three(custodian_id="N", start="2017-05-01")
    frames["transfers"]["time"] = "2020-03-01T10:00:00"
    frames["holdings"]["as_of"] = "2020-02-29"
    frames["products"]["start"] = "2017-05-01"
    return frames


def legacy_near_miss() -> Case:
    """Two layers of before the rule, looked at in 2020: the transition had not ended."""
    return case_of(legacy_near_miss_tables())
