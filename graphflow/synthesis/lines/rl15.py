"""Toys of RL-15: pooling (the vector: 0.80), purchases below the minimum or by the unqualified; and what is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = Mapping[str, str]


def _text(row: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in row.items()}


def _pool(investors: Sequence[str] = ("I",), **last: str) -> Frames:
    """Three persons pay each investor 30, 30 and 20 within five days; he puts 100 in; of 8 they are paid 6.4."""
    transfers, subscriptions, accounts, parties = [], [], [], []
    for investor in investors:
        account, others = f"a{investor}", [f"{investor}{n}" for n in (1, 2, 3)]
        for day, other, amount in zip((1, 2, 4), others, ("300000", "300000", "200000"), strict=True):
            transfers.append((f"p{other}", f"2024-03-0{day}T10:00:00", f"a{other}", account, amount, ""))
        transfers.append((f"s{investor}", "2024-03-05T10:00:00", account, "f", "1000000", "F"))
        transfers.append((f"d{investor}", "2024-09-05T10:00:00", "f", account, "80000", "F"))
        for other, amount in zip(others, ("24000", "24000", "16000"), strict=True):
            transfers.append((f"b{other}", "2024-09-06T10:00:00", account, f"a{other}", amount, ""))
        subscriptions.append(
            {"product_id": "F", "investor_id": investor, "amount": "1000000", "time": "2024-03-05",
             "transfer_id": f"s{investor}", "qualified": "true"}
        )  # fmt: skip
        accounts += [{"account_id": account, "party_id": investor}]
        accounts += [{"account_id": f"a{other}", "party_id": other} for other in others]
        parties += [
            {"party_id": each, "name": f"投资人{each}", "kind": "person"} for each in (investor, *others)
        ]
    return {
        "transfers": frame_of([
            {"transfer_id": name, "time": time, "source": source, "target": target, "amount": amount,
             "product_id": product, **last}
            for name, time, source, target, amount, product in transfers
        ]),
        "accounts": frame_of([
            {"account_id": "f", "party_id": "BANK", "product_id": "F", "kind": "client_custody"}, *accounts,
        ]),
        "parties": frame_of([
            {"party_id": "BANK", "name": "托管银行", "kind": "bank"},
            {"party_id": "M", "name": "鼎信资管", "kind": "company", "sector": "asset_manager"}, *parties,
        ]),
        "products": frame_of([
            {"product_id": "F", "name": "鼎信成长", "offering": "private", "kind": "equity", "manager_id": "M",
             "risk_level": "5"},
        ]),
        "subscriptions": frame_of(subscriptions),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _pool()


def toy() -> Case:
    """The vector: 80 of 100 had just been paid by three others; of 80,000 paid out 64,000 go on, in proportion."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = toy_tables()
    frames["relations"] = frame_of([
        {"party_id": "I", "other_id": "I1", "kind": "spouse"}, {"party_id": "I2", "other_id": "I", "kind": "parent"},
    ])  # fmt: skip
    return frames


def near_miss() -> Case:
    """The same payments; two of the three are the investor's wife and his mother."""
    return case_of(near_miss_tables())


def loans_near_miss_tables() -> Frames:
    """The tables of `loans_near_miss`."""
    frames = toy_tables()
    frames["loans"] = frame_of([
        {"loan_id": f"L{n}", "lender_id": "I", "borrower_id": f"I{n}", "principal": amount, "start": "2023-03-01"}
        for n, amount in ((1, "300000"), (2, "300000"), (3, "200000"))
    ])  # fmt: skip
    return frames


def loans_near_miss() -> Case:
    """The same payments repay what he had lent the three under contracts."""
    return case_of(loans_near_miss_tables())


def kept_near_miss_tables() -> Frames:
    """The tables of `kept_near_miss`."""
    frames = toy_tables()
    rows = [_text(row) for row in frames["transfers"].to_dict("records")]
    frames["transfers"] = frame_of([
        row | ({"time": "2024-09-10T10:00:00"} if row["transfer_id"].startswith("b") else {}) for row in rows
    ])  # fmt: skip
    return frames


def kept_near_miss() -> Case:
    """He pays the three as much, but five days after: nothing says that it is what he was paid out."""
    return case_of(kept_near_miss_tables())


def systematic_toy_tables() -> Frames:
    """The tables of `systematic_toy`."""
    return _pool(("I", "J", "K"))


def systematic_toy() -> Case:
    """Three investors of one product, each with three others behind him."""
    return case_of(systematic_toy_tables())


def _sold(rows: Sequence[Row], product: Row, others: Sequence[Row] = (), **tables: Sequence[Row]) -> Frames:
    """Subscriptions of one product, and the parties that they name."""
    who = dict.fromkeys(row["investor_id"] for row in rows)
    named = {row["party_id"] for row in others}
    parties = [
        {"party_id": each, "name": f"客户{each}", "kind": "person"} for each in who if each not in named
    ]
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2024-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "products": frame_of([{"product_id": "F", "name": "鼎信稳健", "manager_id": "M", **product}]),
        "subscriptions": frame_of([{"product_id": "F", "time": "2024-02-01", **row} for row in rows]),
        "parties": frame_of([
            {"party_id": "M", "name": "鼎信资管", "kind": "company", "sector": "asset_manager"}, *parties, *others,
        ]),
        **{name: frame_of(each) for name, each in tables.items()},
    }  # fmt: skip


_PRIVATE = {"offering": "private", "kind": "mixed", "risk_level": "4"}


def minimum_toy_tables() -> Frames:
    """The tables of `minimum_toy`."""
    return _sold(
        [
            {"investor_id": "A", "amount": "399999.99"},
            {"investor_id": "B", "amount": "100000"},
            {"investor_id": "B", "amount": "100000"},
            {"investor_id": "C", "amount": "400000"},
        ],
        _PRIVATE,
    )


def minimum_toy() -> Case:
    """A mixed private product: 400,000 are asked; A put in a little less, B 200,000 in two payments."""
    return case_of(minimum_toy_tables())


def minimum_near_miss_tables() -> Frames:
    """The tables of `minimum_near_miss`."""
    return _sold(
        [
            {"investor_id": "A", "amount": "400000"},
            {"investor_id": "A", "amount": "10000", "time": "2024-02-20"},
            {"investor_id": "B", "amount": "50000"},
        ],
        _PRIVATE,
        relations=[{"party_id": "B", "other_id": "M", "kind": "employee", "since": "2020-01-01"}],
    )


def minimum_near_miss() -> Case:
    """A's small payment is a later one; B is of the manager's own staff."""
    return case_of(minimum_near_miss_tables())


def qualified_toy_tables() -> Frames:
    """The tables of `qualified_toy`."""
    return _sold(
        [
            {"investor_id": "A", "amount": "500000", "qualified": "false", "evidence": "", "risk_tolerance": "5"},
            {"investor_id": "B", "amount": "500000", "qualified": "true", "evidence": "资产证明",
             "risk_tolerance": "2"},
            {"investor_id": "C", "amount": "500000", "qualified": "", "evidence": "", "risk_tolerance": "5"},
            {"investor_id": "D", "amount": "500000", "qualified": "true", "evidence": "收入证明",
             "risk_tolerance": "4"},
        ],
        _PRIVATE,
    )  # fmt: skip


def qualified_toy() -> Case:
    """A is stated not to be qualified, nothing proves that C is; B bears two levels less than the product."""
    return case_of(qualified_toy_tables())


def company_toy_tables() -> Frames:
    """The tables of `company_toy`."""
    return _sold(
        [{"investor_id": "A", "amount": "5000000"}, {"investor_id": "B", "amount": "5000000"}],
        _PRIVATE,
        others=[{"party_id": each, "name": f"商贸{each}", "kind": "company"} for each in "AB"],
        financials=[
            {"party_id": "A", "period_end": "2022-12-31", "net_assets": "50000000"},
            {"party_id": "A", "period_end": "2023-12-31", "net_assets": "9999999"},
            {"party_id": "B", "period_end": "2023-12-31", "net_assets": "10000000"},
        ],
    )


def company_toy() -> Case:
    """A company that bought with net assets of less than 10 million, as it last reported before."""
    return case_of(company_toy_tables())


def _vehicle(shares: Sequence[str]) -> Frames:
    """A partnership puts a million in; its partners have these parts."""
    return _sold(
        [{"investor_id": "LP", "amount": "1000000"}],
        {"offering": "private", "kind": "fixed_income"},
        others=[
            {"party_id": "LP", "name": "鼎信合伙", "kind": "partnership"},
            *({"party_id": f"P{n}", "name": f"合伙人{n}", "kind": "person"} for n in range(len(shares))),
        ],
        stakes=[{"owner_id": f"P{n}", "company_id": "LP", "share": share} for n, share in enumerate(shares)],
    )


def leaf_toy_tables() -> Frames:
    """The tables of `leaf_toy`."""
    return _vehicle(["0.5", "0.29", "0.21"])


def leaf_toy() -> Case:
    """Behind a partnership made for the product two of three partners have less than 300,000 in it."""
    return case_of(leaf_toy_tables())


def _plan(**product: str) -> Frames:
    """Another product is put into F whole; three persons put 5, 2.9 and 2.1 into it, of which 10 came to F."""
    frames = _sold(
        [{"investor_id": "S", "amount": "1000000"}],
        {"offering": "private", "kind": "fixed_income"},
        others=[{"party_id": f"P{n}", "name": f"客户{n}", "kind": "person"} for n in range(3)],
        holdings=[{"product_id": "S", "asset_kind": "product", "asset_id": "F", "amount": "1000000"}],
    )
    register = [
        {"product_id": "S", "investor_id": f"P{n}", "amount": amount, "time": "2024-01-15"}
        for n, amount in enumerate(("500000", "290000", "210000"))
    ]
    parties = frames["parties"]
    return {
        **frames,
        "parties": parties[parties["party_id"] != "S"].reset_index(drop=True),
        "products": pd.concat(
            [frames["products"], frame_of([{"product_id": "S", "name": "鼎信定融一号", "issuer_id": "M", **product}])],
            ignore_index=True,
        ).fillna(""),
        "subscriptions": pd.concat([frames["subscriptions"], frame_of(register)], ignore_index=True).fillna(""),
    }  # fmt: skip


def plan_leaf_toy_tables() -> Frames:
    """The tables of `plan_leaf_toy`."""
    return _plan()


def plan_leaf_toy() -> Case:
    """A plan is sold in pieces and put into the product whole: two persons behind it have less than 300,000."""
    return case_of(plan_leaf_toy_tables())


def plan_leaf_near_miss_tables() -> Frames:
    """The tables of `plan_leaf_near_miss`."""
    return _plan(exempt="养老金产品")


def plan_leaf_near_miss() -> Case:
    """The plan is exempt, as the register states: it is not looked through."""
    return case_of(plan_leaf_near_miss_tables())


def staff_near_miss_tables() -> Frames:
    """The tables of `staff_near_miss`."""
    return _sold(
        [{"investor_id": "E", "amount": "200000", "time": "2019-03-05", "qualified": "true"}],
        {"offering": "private", "kind": "equity"},
        relations=[
            {
                "party_id": "E",
                "other_id": "M",
                "kind": "employee",
                "since": "2015-01-01",
                "until": "2021-12-31",
            }
        ],
    )


def staff_near_miss() -> Case:
    """An employee of the manager invests beside its clients, and leaves two years later."""
    return case_of(staff_near_miss_tables())


def before_near_miss_tables() -> Frames:
    """The tables of `before_near_miss`."""
    return _sold(
        [{"investor_id": "E", "amount": "250000", "time": "2013-03-05", "qualified": "true"}],
        {"offering": "private", "kind": "fixed_income"},
    )


def before_near_miss() -> Case:
    """A purchase of five years before there was a least amount."""
    return case_of(before_near_miss_tables())


def owners_near_miss_tables() -> Frames:
    """The tables of `owners_near_miss`."""
    frames = _pool()
    parties = frames["parties"].copy()
    parties.loc[parties["party_id"] == "I", ["name", "kind"]] = ["三兄弟实业有限公司", "company"]
    shares = {"I1": "0.375", "I2": "0.375", "I3": "0.25"}
    stakes = [{"owner_id": each, "company_id": "I", "share": share} for each, share in shares.items()]
    return {**frames, "parties": parties, "stakes": frame_of(stakes)}


def owners_near_miss() -> Case:
    """A company invests what its three shareholders pay in, and pays them their parts of what it gets."""
    return case_of(owners_near_miss_tables())


def leaf_near_miss_tables() -> Frames:
    """The tables of `leaf_near_miss`."""
    return _vehicle(["0.4", "0.3", "0.3"])


def leaf_near_miss() -> Case:
    """Each partner has at least 300,000 in it."""
    return case_of(leaf_near_miss_tables())


def public_near_miss_tables() -> Frames:
    """The tables of `public_near_miss`."""
    frames = minimum_toy_tables()
    frames["products"]["offering"] = "public"
    return frames


def public_near_miss() -> Case:
    """A product for everybody has no minimum."""
    return case_of(public_near_miss_tables())
