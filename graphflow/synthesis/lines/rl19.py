"""Toys of RL-19: a bank whose owners' companies owe it too much, a loan over a stranger, capital from itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_BILLION = 100_000_000  # 亿


def _bank(loans: dict[str, int], others: dict[str, int]) -> Frames:
    """A bank with a net capital of 10 billion (100 亿), held by X; its loans in 亿 by borrower.

    X1 and X2 are companies of X; those in ``others`` are held by directors of the bank, each by one.
    """
    parties = [
        {"party_id": "BANK", "name": "信安银行", "kind": "bank", "sector": "bank"},
        {"party_id": "X", "name": "鼎盛集团", "kind": "company", "sector": "ordinary"},
    ]
    stakes = [{"owner_id": "X", "company_id": "BANK", "share": "0.3", "votes": "0.3"}]
    relations, rows = [], []
    for name in loans:
        parties.append({"party_id": name, "name": f"鼎盛{name}", "kind": "company", "sector": "ordinary"})
        stakes.append({"owner_id": "X", "company_id": name, "share": "1", "votes": "1"})
    for name in others:
        parties.append({"party_id": name, "name": f"实业{name}", "kind": "company", "sector": "ordinary"})
        parties.append(
            {"party_id": f"D-{name}", "name": f"董事{name}", "kind": "person", "sector": "ordinary"}
        )
        stakes.append({"owner_id": f"D-{name}", "company_id": name, "share": "1", "votes": "1"})
        relations.append({"party_id": f"D-{name}", "other_id": "BANK", "kind": "director"})
    for number, (name, amount) in enumerate({**loans, **others}.items()):
        rows.append(
            {"loan_id": f"L{number}", "lender_id": "BANK", "borrower_id": name, "principal": str(amount * _BILLION),
             "start": "2024-01-10", "end": "2026-01-10"}
        )  # fmt: skip
    return {
        "transfers": frame_of([{"transfer_id": "1", "time": "2024-06-03T10:00:00", "source": "a", "target": "b", "amount": "1"}]),
        "parties": frame_of(parties),
        "stakes": frame_of(stakes),
        "relations": frame_of(relations),
        "loans": frame_of(rows),
        "financials": frame_of([
            {"party_id": "BANK", "period_end": "2024-03-31", "net_capital": str(100 * _BILLION), "currency": "CNY"}
        ]),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _bank({"X1": 4, "X2": 12}, {"Y1": 8, "Y2": 8, "Y3": 8, "Y4": 8})


def toy() -> Case:
    """X1 owes 4, X2 12 (one group), others 32 亿, net capital 100: 12 % > 10, 16 % > 15, 48 % <= 50."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _bank({"X1": 5, "X2": 10}, {"Y1": 8, "Y2": 8, "Y3": 8, "Y4": 8})


def near_miss() -> Case:
    """10 %, 15 % and 47 %: each is what is allowed."""
    return case_of(near_miss_tables())


def _paying(steps: list[tuple[str, str, str, str, str]]) -> Frames:
    frames = _bank({"X1": 1}, {})
    rows = [
        {"transfer_id": ident, "time": f"2024-06-{3 + n:02d}T10:00:00", "source": source, "target": target,
         "amount": amount, "memo": memo}
        for n, (ident, source, target, amount, memo) in enumerate(steps)
    ]  # fmt: skip
    holders = {"bank": "BANK", "x": "X", "x1": "X1", "z": "Z", "c": "C"}
    accounts = [
        {
            "account_id": each,
            "party_id": party,
            "covered": "true",
            "opening_balance": "1000000" if each == "bank" else "0",
        }
        for each, party in holders.items()
    ]
    import pandas as pd

    more = frame_of([
        {"party_id": "Z", "name": "路人贸易", "kind": "company", "sector": "ordinary"},
        {"party_id": "C", "name": "客户", "kind": "company", "sector": "ordinary"},
    ])  # fmt: skip
    return {
        **{name: frames[name] for name in ("stakes",)},
        "parties": pd.concat([frames["parties"], more], ignore_index=True),
        "transfers": frame_of(rows),
        "accounts": frame_of(accounts),
        "licences": frame_of([{"party_id": "BANK", "function": "banking"}]),
    }


def bridge_toy_tables() -> Frames:
    """The tables of `bridge_toy`."""
    return _paying([("t1", "bank", "z", "500000", "贷款"), ("t2", "z", "x1", "495000", "往来款")])


def bridge_toy() -> Case:
    """The bank pays a stranger 500,000, who pays 495,000 to a company of the bank's owner the next day."""
    return case_of(bridge_toy_tables())


def bridge_near_miss_tables() -> Frames:
    """The tables of `bridge_near_miss`."""
    return _paying(
        [
            ("t1", "bank", "z", "500000", "贷款"),
            ("t2", "z", "x1", "200000", "货款"),
            ("t3", "z", "c", "300000", "货款"),
        ]
    )


def bridge_near_miss() -> Case:
    """The stranger buys of the owner's company for 200,000, and of another."""
    return case_of(bridge_near_miss_tables())


def capital_toy_tables() -> Frames:
    """The tables of `capital_toy`."""
    return _paying([
        ("t1", "bank", "z", "300000", "贷款"), ("t2", "z", "x", "200000", "往来款"), ("t3", "x", "bank", "200000", "增资款"),
    ])  # fmt: skip


def capital_toy() -> Case:
    """The owner pays 200,000 of capital with money that the bank had lent a stranger: all of it from itself."""
    return case_of(capital_toy_tables())


def capital_near_miss_tables() -> Frames:
    """The tables of `capital_near_miss`."""
    return _paying([
        ("t1", "bank", "z", "300000", "贷款"), ("t2", "c", "x", "200000", "货款"), ("t3", "x", "bank", "200000", "增资款"),
    ])  # fmt: skip


def capital_near_miss() -> Case:
    """The owner pays it of what a customer paid."""
    return case_of(capital_near_miss_tables())
