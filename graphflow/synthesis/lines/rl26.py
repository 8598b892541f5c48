"""Toys of RL-26: a firm called wealth management without a licence, alone and with investors who pay in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from graphflow.synthesis.lines import rl25
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case


def _firms(*firms: tuple[str, str, str], payers: int = 0, licensed: str = "") -> Frames:
    """Some firms (id, name, scope), a licensed bank, and persons who pay the first of them."""
    persons = [
        {"party_id": f"P{n:02d}", "name": f"投资者{n:02d}", "kind": "person"} for n in range(max(payers, 1))
    ]
    rows = [
        {"transfer_id": f"t{n:02d}", "time": f"2024-06-{n % 28 + 1:02d}T10:00:00", "source": f"p{n:02d}",
         "target": "firm" if payers else "shop", "amount": "10000"}
        for n in range(max(payers, 1))
    ]  # fmt: skip
    accounts = [{"account_id": f"p{n:02d}", "party_id": f"P{n:02d}"} for n in range(max(payers, 1))]
    accounts.append({"account_id": "firm", "party_id": firms[0][0]})
    licences = [{"party_id": "BANK", "function": "banking"}]
    if licensed:
        licences.append({"party_id": firms[0][0], "function": licensed})
    parties = [
        {"party_id": ident, "name": name, "kind": "company", "scope": scope} for ident, name, scope in firms
    ]
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of(accounts),
        "parties": frame_of([*parties, {"party_id": "BANK", "name": "信安银行", "kind": "bank"}, *persons]),
        "licences": frame_of(licences),
    }


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _firms(("F", "汇鑫财富管理有限公司", "企业管理咨询"))


def toy() -> Case:
    """A firm called wealth management (财富管理) of which no licence is known: to be watched."""
    return case_of(toy_tables())


def public_toy_tables() -> Frames:
    """The tables of `public_toy`."""
    return _firms(("F", "汇鑫投资有限公司", "投资咨询"), payers=32)


def public_toy() -> Case:
    """A firm called 投资 into which 32 outside persons pay: medium."""
    return case_of(public_toy_tables())


def _owned(owner: str) -> Frames:
    """Somebody raises money on accounts of his own; a firm called 投资 belongs to him, or to another."""
    frames = rl25.zhouhui_toy_tables()
    more = [{"party_id": "F", "name": "中例投资有限公司", "kind": "company"},
            {"party_id": "OTHER", "name": "他人", "kind": "person"}]  # fmt: skip
    return {
        **frames,
        "parties": pd.concat([frames["parties"], frame_of(more)], ignore_index=True).fillna(""),
        "stakes": frame_of([{"owner_id": owner, "company_id": "F", "share": "1"}]),
        "licences": frame_of([{"party_id": "SELLER", "function": "insurance"}]),
    }


def owner_toy_tables() -> Frames:
    """The tables of `owner_toy`."""
    return _owned("ZHOU")


def owner_toy() -> Case:
    """Nobody pays the firm; forty persons pay its owner, who pays earlier ones of it."""
    return case_of(owner_toy_tables())


def owner_near_miss_tables() -> Frames:
    """The tables of `owner_near_miss`."""
    return _owned("OTHER")


def owner_near_miss() -> Case:
    """The firm belongs to somebody else: nobody raises money around it."""
    return case_of(owner_near_miss_tables())


def denied_near_miss_tables() -> Frames:
    """The tables of `denied_near_miss`."""
    return _firms(
        ("F", "宏达商务咨询有限公司", "商务信息咨询（未经金融监管部门批准，不得从事吸收存款、融资担保、代客理财等金融业务）"),
        ("G", "立信外包有限公司", "接受银行委托从事后台服务外包；企业管理咨询（不含金融、证券、期货业务）"),
        payers=32,
    )  # fmt: skip


def denied_near_miss() -> Case:
    """Scopes that say what a firm may not do, and one that names its customers: banks speak of names alone."""
    return case_of(denied_near_miss_tables())


def fund_near_miss_tables() -> Frames:
    """The tables of `fund_near_miss`."""
    frames = _firms(("M", "稳健资本有限公司", "资产管理"), licensed="asset_management")
    fund = {"party_id": "CF", "name": "稳健一号私募证券投资基金", "kind": "contract_fund"}
    product = {"product_id": "CF", "name": fund["name"], "manager_id": "M", "registered": "SX1234"}
    parties = pd.concat([frames["parties"], frame_of([fund])], ignore_index=True).fillna("")
    return {**frames, "parties": parties, "products": frame_of([product])}


def fund_near_miss() -> Case:
    """A fund that is registered and run by a licensed manager is called a fund."""
    return case_of(fund_near_miss_tables())


def owner_pays_near_miss_tables() -> Frames:
    """The tables of `owner_pays_near_miss`."""
    return {
        **_firms(("F", "德胜投资控股有限公司", "实业投资"), payers=1),
        "stakes": frame_of([{"owner_id": "P00", "company_id": "F", "share": "1"}]),
    }


def owner_pays_near_miss() -> Case:
    """A holding firm whose one shareholder pays its capital in: nobody from outside does."""
    return case_of(owner_pays_near_miss_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _firms(
        ("F", "金融街物业管理有限公司", "物业管理"),
        ("G", "德胜投资控股有限公司", "实业投资"),
        ("H", "仁爱慈善基金会", "公益"),
    )


def near_miss() -> Case:
    """A street called 金融街, a holding firm without outside investors, a charity (基金会)."""
    return case_of(near_miss_tables())


def licensed_near_miss_tables() -> Frames:
    """The tables of `licensed_near_miss`."""
    return _firms(("F", "汇鑫财富管理有限公司", "资产管理"), payers=32, licensed="asset_management")


def licensed_near_miss() -> Case:
    """The same firm with a licence."""
    return case_of(licensed_near_miss_tables())
