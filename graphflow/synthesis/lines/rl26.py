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
