"""Transfers as plain arrays, before they have texts: what the scheme and the ordinary life hand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = dict[str, NDArray[Any]]

#: Every column, its type and what it holds where nobody says.
FIELDS: dict[str, tuple[type[np.generic], int]] = {
    "time": (np.int64, 0),  # local seconds since 1970, when it leaves the source
    "delay": (np.int32, 0),  # seconds until it arrives
    "source": (np.int32, 0),
    "target": (np.int32, 0),
    "amount": (np.int64, 0),  # minor units
    "dollars": (np.int64, 0),  # minor units of what arrives, where it was converted
    "memo": (np.int16, -1),
    "kind": (np.int8, -1),
    "channel": (np.int8, -1),
    "loan": (np.int32, -1),
    "listing": (np.int32, -1),
    "product": (np.int8, -1),
    "device": (np.int32, -1),  # whose internet address it came from
    "event": (np.int64, -1),  # the scheme's number of it
    "tie": (
        np.int64,
        -1,
    ),  # place, among the rows given together, of the row that this one undoes or is the fee of
    "tied_as": (np.int8, 0),  # 1 undoes it, 2 is its fee
}

MEMOS = (
    "出借投资",
    "放款",
    "货款往来",
    "咨询服务费",
    "黄金采购",
    "购房款",
    "股东往来",
    "项目投资款",
    "往来款",
    "还本付息资金",
    "回款本息",
    "广告费",
    "工资",
    "房租",
    "缴税",
    "佣金",
    "还款",
    "采购款",
    "销售回款",
    "平台服务费",
    "水电燃气费",
    "消费",
    "转账",
    "现金支取",
    "现金存入",
    "手续费",
    "结息",
    "冲正",
    "购汇",
    "归集",
)
MEMO = {text: place for place, text in enumerate(MEMOS)}
KINDS = (
    "subscription",
    "disbursement",
    "transfer",
    "redemption",
    "repayment",
    "salary",
    "rent",
    "tax",
    "purchase",
    "withdrawal",
    "deposit",
    "fee",
    "interest",
    "reversal",
    "conversion",
    "commission",
)
KIND = {text: place for place, text in enumerate(KINDS)}
CHANNELS = ("网银", "手机银行", "POS", "ATM", "柜面", "代发", "系统")
CHANNEL = {text: place for place, text in enumerate(CHANNELS)}


def rows(
    time: NDArray[Any],
    source: Any,
    target: Any,
    amount: Any,
    *,
    memo: str,
    kind: str,
    channel: str = "网银",
    **more: Any,
) -> Rows:
    """Transfers of one sort; single values stand for every row."""
    count = len(time)
    given = {"time": time, "source": source, "target": target, "amount": amount, **more}
    out = {name: np.full(count, given.get(name, default), kind_) for name, (kind_, default) in FIELDS.items()}
    out["memo"][:] = MEMO[memo]
    out["kind"][:] = KIND[kind]
    out["channel"][:] = CHANNEL[channel]
    return out


def together(parts: Iterable[Rows]) -> Rows:
    """All rows of several sorts, one sort after the other; a tie is a place among all of them."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in FIELDS}


def chosen(table: Rows, places: Any) -> Rows:
    """Some rows, in the order of `places`."""
    return {name: column[places] for name, column in table.items()}
