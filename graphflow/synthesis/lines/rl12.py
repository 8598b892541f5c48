"""Toys of RL-12: a crowdfunding platform that raises money for its own side, and what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_Row = tuple[str, str, str, str]
"""A payment: month, day and hour of 2018, from, to, amount."""


def _case(
    out: Sequence[tuple[str, str]],
    later: Sequence[_Row],
    *,
    issuer: str = "ISSUER",
    bids: Sequence[tuple[str, str]] = (),
    tagged: bool = True,
) -> Frames:
    """An offer by which three investors pay 300 into an escrow, to whom it is paid out, and what they paid."""
    paid_in = [*((f"investor{number}", "100") for number in range(1, 4)), *bids]
    mark = {"product_id": "OFFER"} if tagged else {}
    rows = [
        {"transfer_id": f"in{number}", "time": f"2018-03-01T09:{number:02d}:00", "source": payer, "target": "escrow",
         "amount": amount, **mark} for number, (payer, amount) in enumerate(paid_in)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"out{number}", "time": f"2018-03-02T10:{number:02d}:00", "source": "escrow", "target": payee,
         "amount": amount, **mark} for number, (payee, amount) in enumerate(out)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"use{number}", "time": f"2018-{when}:00:00", "source": source, "target": target,
         "amount": amount} for number, (when, source, target, amount) in enumerate(later)
    ]  # fmt: skip
    used = dict.fromkeys(row[side] for row in rows for side in ("source", "target"))
    accounts = [
        {"account_id": each, "party_id": "BANK" if each == "escrow" else each.upper(),
         "kind": "client_custody" if each == "escrow" else "settlement", "opening_balance": "0"} for each in used
    ]  # fmt: skip
    companies = dict.fromkeys([issuer, "SUB", "VEHICLE", "REAL", "SUPPLIER", "MARKET"])
    persons = dict.fromkeys(each.upper() for each in used if each.startswith(("investor", "buyer")))
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of(accounts),
        "parties": frame_of([
            {"party_id": "CROWD", "name": "众投", "kind": "company", "sector": "equity_crowdfunding_platform"},
            {"party_id": "BANK", "name": "托管银行", "kind": "bank", "sector": "bank"},
            *({"party_id": each, "name": each.title(), "kind": "company"} for each in companies),
            *({"party_id": each, "name": each.title(), "kind": "person"} for each in persons),
        ]),
        "stakes": frame_of([
            {"owner_id": "CROWD", "company_id": each, "share": "1", "since": "2015-01-01"}
            for each in ("SUB", "VEHICLE")
        ]),
        "products": frame_of([
            {"product_id": "OFFER", "name": "股权项目", "issuer_id": issuer, "manager_id": "CROWD", "kind": "equity",
             "offering": "public", "start": "2018-03-01"},
        ]),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _case(
        (("issuer", "300"),), (("03-22T09", "issuer", "sub", "210"), ("03-23T09", "issuer", "supplier", "90"))
    )


def toy() -> Case:
    """300 are raised, and 210 of them come to a subsidiary of the platform within 20 days: 0.70."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = _case(
        (("issuer", "300"),),
        (("03-02T12", "issuer", "crowd", "15"), ("03-23T09", "issuer", "supplier", "280")),
    )
    frames["transfers"]["memo"] = ["", "", "", "", "信息服务费", ""]
    return frames


def near_miss() -> Case:
    """The issuer pays the platform its fee, 5 % of what was raised, and buys of the rest."""
    return case_of(near_miss_tables())


def issuer_toy_tables() -> Frames:
    """The tables of `issuer_toy`."""
    return _case((("sub", "300"),), (("03-22T09", "sub", "supplier", "90"),), issuer="SUB", tagged=False)


def issuer_toy() -> Case:
    """A subsidiary of the platform issues what is offered; no payment names the offer."""
    return case_of(issuer_toy_tables())


def kept_toy_tables() -> Frames:
    """The tables of `kept_toy`."""
    return _case((("vehicle", "300"),), (("03-04T09", "vehicle", "real", "200"),), issuer="VEHICLE")


def kept_toy() -> Case:
    """A company of the group holds for the investors, and pays on only 200 of the 300."""
    return case_of(kept_toy_tables())


def holds_near_miss_tables() -> Frames:
    """The tables of `holds_near_miss`."""
    return _case(
        (("vehicle", "300"),),
        (("03-04T09", "vehicle", "real", "300"), ("03-20T09", "real", "supplier", "250")), issuer="VEHICLE",
    )  # fmt: skip


def holds_near_miss() -> Case:
    """A company of the group holds for the investors: it pays all of it on within three days."""
    return case_of(holds_near_miss_tables())


def returned_near_miss_tables() -> Frames:
    """The tables of `returned_near_miss`."""
    return _case(
        (("sub", "200"), ("issuer", "300")),
        (("03-23T09", "issuer", "supplier", "280"),),
        bids=(("sub", "200"),),
    )


def returned_near_miss() -> Case:
    """A subsidiary had subscribed 200 itself, and gets them back: the offer was filled without it."""
    return case_of(returned_near_miss_tables())


def market_near_miss_tables() -> Frames:
    """The tables of `market_near_miss`."""
    buyers = [(f"03-03T{9 + number // 2:02d}", f"buyer{number}", "market", "30") for number in range(10)]
    return _case(
        (("issuer", "300"),),
        (*buyers, ("03-05T09", "issuer", "market", "290"), ("03-06T09", "market", "sub", "500")),
    )


def market_near_miss() -> Case:
    """The issuer buys of a seller of whom ten others buy, and who pays the subsidiary."""
    return case_of(market_near_miss_tables())
