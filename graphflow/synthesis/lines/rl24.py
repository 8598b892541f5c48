"""Toys of RL-24: a bid with cash-back, promises beside others', beside assets, and loans beside the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = dict[str, str]


def _bid(rate: str, monthly: int, bonus: int, others: int, kind: str = "wealth_management") -> Frames:
    """A bid of three months: 100 000 of each of two investors, interest a month, cash-back on the first day.

    ``others`` more was raised for a product without bonuses.
    """
    rows = []
    for name in ("A", "B"):
        person = f"investor{name}"
        rows += [
            ("2023-03-01", person, "platform", 100_000, "投资", "BID"),
            ("2023-03-01", "platform", person, bonus, "返现", ""),
            *((f"2023-0{month}-01", "platform", person, monthly, "利息", "BID") for month in (4, 5, 6)),
            ("2023-06-01", "platform", person, 100_000, "本金", "BID"),
        ]
    rows = [row for row in rows if row[3]]
    parties = [
        {"party_id": "PLATFORM", "name": "利贷网", "kind": "company", "sector": "p2p_platform"},
        {"party_id": "FIRM", "name": "某制造公司", "kind": "company"},
    ]
    accounts = [
        {"account_id": "platform", "party_id": "PLATFORM"},
        {"account_id": "firm", "party_id": "FIRM"},
    ]
    rows.append(("2023-05-31", "firm", "platform", 300_000, "还款", ""))
    subscribed = [("BID", f"investor{name}", 100_000) for name in ("A", "B")]
    if others:
        rows.append(("2023-03-02", "investorC", "platform", others, "投资", "YEAR"))
        subscribed.append(("YEAR", "investorC", others))
    for _, person, _ in subscribed:
        parties.append({"party_id": person.upper(), "name": person, "kind": "person"})
        accounts.append({"account_id": person, "party_id": person.upper()})
    products = [
        {"product_id": name, "name": title, "issuer_id": "PLATFORM", "kind": kind, "start": "2023-03-01",
         "promised_yield": promised}
        for name, title, promised in (("BID", "三月标", rate), ("YEAR", "年标", "0.05"))[: 1 + bool(others)]
    ]  # fmt: skip
    columns = ("time", "source", "target", "amount", "memo", "product_id")
    transfers: list[Row] = [
        {"transfer_id": f"{number:02d}", **dict(zip(columns, map(str, row), strict=True))}
        for number, row in enumerate(sorted(rows, key=lambda row: row[0]))
    ]
    for number, row in enumerate(transfers):
        row["time"] += f"T10:{number:02d}:00"
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of(accounts),
        "parties": frame_of(parties),
        "products": frame_of(products),
        "subscriptions": frame_of([
            {"product_id": product, "investor_id": person.upper(), "amount": str(amount), "time": "2023-03-01"}
            for product, person, amount in subscribed
        ]),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _bid("0.144", 1_200, 3_000, 0)


def toy() -> Case:
    """1.2 % a month and 3 % cash-back on a bid of three months: 14.4 % + 12 % = 26.4 % a year."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _bid("0.048", 400, 1_500, 800_000)


def near_miss() -> Case:
    """4.8 % a year, and 1.5 % cash-back for two first investors: 10.8 % with it, within a small budget."""
    return case_of(near_miss_tables())


def upside_near_miss_tables() -> Frames:
    """The tables of `upside_near_miss`."""
    return _bid("", 4_000, 0, 0, "equity")


def upside_near_miss() -> Case:
    """48 % a year, but of shares that gained, with nothing promised."""
    return case_of(upside_near_miss_tables())


def _promises(yields: Sequence[str]) -> Frames:
    """Products of as many issuers, each with what it promises; and holdings of none."""
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2023-01-02T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "parties": frame_of([
            {"party_id": f"ISSUER{number}", "name": f"理财公司{number}", "kind": "company"}
            for number in range(len(yields))
        ]),
        "products": frame_of([
            {"product_id": f"P{number}", "name": f"稳健{number}号", "issuer_id": f"ISSUER{number}",
             "kind": "fixed_income", "start": "2023-01-01", "promised_yield": each}
            for number, each in enumerate(yields)
        ]),
    }  # fmt: skip


def peers_toy_tables() -> Frames:
    """The tables of `peers_toy`."""
    return _promises(("0.038", "0.04", "0.041", "0.043", "0.045", "0.09"))


def peers_toy() -> Case:
    """Five promise 3.8 to 4.5 %, the sixth 9 %: far above them, though below 10 %."""
    return case_of(peers_toy_tables())


def peers_near_miss_tables() -> Frames:
    """The tables of `peers_near_miss`."""
    return _promises(("0.038", "0.04", "0.041", "0.043", "0.045", "0.05"))


def peers_near_miss() -> Case:
    """The sixth promises 5 %: the highest, but not far from the others."""
    return case_of(peers_near_miss_tables())


def _earning(incomes: Sequence[int]) -> Frames:
    """One product that promises 8 %, and what its assets of 1 000 000 earned a quarter."""
    frames = _promises(("0.08",))
    ends = ("2023-03-31", "2023-06-30", "2023-09-30")
    frames["holdings"] = frame_of([
        {"product_id": "P0", "asset_id": f"BOND{number}", "asset_kind": "standard_debt", "amount": "1000000",
         "income": str(income), "as_of": end}
        for number, (income, end) in enumerate(zip(incomes, ends, strict=False))
    ])  # fmt: skip
    return frames


def assets_toy_tables() -> Frames:
    """The tables of `assets_toy`."""
    return _earning((12_500, 10_000, 25_000))


def assets_toy() -> Case:
    """8 % is promised; the assets earned 5 and 4 % a year in two quarters, and 10 % in the third."""
    return case_of(assets_toy_tables())


def assets_near_miss_tables() -> Frames:
    """The tables of `assets_near_miss`."""
    return _earning((12_500, 25_000, 10_000))


def assets_near_miss() -> Case:
    """Below what is promised in two quarters, but not one after the other."""
    return case_of(assets_near_miss_tables())


def _loans(rates: Sequence[tuple[str, str]]) -> Frames:
    frames = _promises(())
    frames.pop("products")
    frames["parties"] = frame_of([
        {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
        *({"party_id": f"B{number}", "name": f"借款人{number}", "kind": "person"} for number in range(len(rates))),
    ])  # fmt: skip
    frames["loans"] = frame_of([
        {"loan_id": f"L{number}", "platform_id": "PLATFORM", "borrower_id": f"B{number}", "principal": "100000",
         "rate": rate, "start": start}
        for number, (start, rate) in enumerate(rates)
    ])  # fmt: skip
    return frames


def cap_toy_tables() -> Frames:
    """The tables of `cap_toy`."""
    return _loans(
        (("2021-03-01", "0.154"), ("2021-06-01", "0.18"), ("2024-01-10", "0.154"), ("2024-01-10", "0.1"))
    )


def cap_toy() -> Case:
    """The same 15.4 % is four times the LPR of 2021 and more than that of 2024; 18 % is more in either year."""
    return case_of(cap_toy_tables())


def cap_near_miss_tables() -> Frames:
    """The tables of `cap_near_miss`."""
    return _loans((("2019-03-01", "0.24"), ("2021-03-01", "0.154"), ("2024-01-10", "0.138")))


def cap_near_miss() -> Case:
    """Each at the highest rate of its day."""
    return case_of(cap_near_miss_tables())
