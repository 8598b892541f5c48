"""Who appears in the lending platform's case: blocks of parties and of accounts, numbered, with their names.

A block is a run of consecutive numbers of one sort. Everything else speaks of parties and accounts by number;
texts are made here, when a table is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.synthesis.columns import choose, digits, fixed_text, joined, letters

Ints = NDArray[np.int64]

#: The banks of the case; none of them exists.
BANKS = ("东岭银行", "南浦银行", "海曲银行", "北辰银行", "江城银行", "云岭银行", "平湖银行", "青屿银行")

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN_FIRST = "文志国建明海晓春玉秀丽永家俊德金雪立宏子思雅振美少"
_GIVEN_LAST = ("", "华", "平", "军", "英", "辉", "霞", "强", "敏", "涛", "燕", "杰", "芳", "斌", "兰", "鹏")
_PLACES = ("东浦", "南岗", "海曲", "北塬", "江口", "云岭", "平湖", "青屿", "石桥", "柳溪", "白沙", "望城")
_WORDS = ("恒", "盛", "达", "信", "和", "泰", "瑞", "丰", "隆", "嘉", "源", "通", "安", "润", "宏", "利")

#: Each sort of party: the prefix of its ids, what its name ends in ("" is a person), and its kind.
_PARTY_SORTS = {
    "platform": ("C", "例易贷金融信息服务有限公司", "company"),
    "holding": ("C", "例诚控股集团有限公司", "company"),
    "guarantor": ("C", "例诚融资担保有限公司", "company"),
    "leasing": ("C", "例诚融资租赁有限公司", "company"),
    "processor": ("C", "示例第三方支付有限公司", "company"),
    "insurer": ("C", "示例信用担保股份有限公司", "company"),
    "controller": ("P", "", "person"),
    "partner": ("P", "", "person"),
    "affiliate": ("A", "实业有限公司", "company"),
    "sink": ("X", "有限公司", "company"),
    "agency": ("M", "广告传媒有限公司", "company"),
    "agent": ("G", "", "person"),
    "shell": ("S", "商贸有限公司", "company"),
    "nominee": ("N", "", "person"),
    "honest": ("H", "制造有限公司", "company"),
    "owner": ("O", "", "person"),
    "staff": ("W", "", "person"),
    "investor": ("I", "", "person"),
    "other": ("R", "", "person"),
    "employer": ("E", "科技有限公司", "company"),
    "shop": ("D", "商行", "company"),
    "utility": ("U", "公用事业有限公司", "company"),
    "supplier": ("B", "供应链有限公司", "company"),
    "customer": ("K", "贸易有限公司", "company"),
    "bank": ("Y", "", "bank"),
    "treasury": ("Z", "国库", "government"),
}
_PERSONS = tuple(sort for sort, (_, _, kind) in _PARTY_SORTS.items() if kind == "person")


@dataclass
class Blocks:
    """Runs of numbers by name: ``start[name]`` to ``start[name] + count[name]``."""

    start: dict[str, int] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def add(self, name: str, count: int) -> None:
        """A block after the last one."""
        self.start[name], self.count[name] = self.total, count
        self.total += count

    def numbers(self, name: str) -> Ints:
        """All numbers of a block."""
        return np.arange(self.start[name], self.start[name] + self.count[name])

    def of(self, name: str, place: Any) -> Any:
        """The number of the place-th of a block."""
        return self.start[name] + place


def make_parties(counts: dict[str, int]) -> Blocks:
    """The parties, in the order of the list above."""
    blocks = Blocks()
    for sort in _PARTY_SORTS:
        blocks.add(sort, counts.get(sort, 1))
    return blocks


def party_kinds(parties: Blocks) -> pa.Array:
    """The kind of each party."""
    words = sorted({kind for _, _, kind in _PARTY_SORTS.values()})
    codes = np.empty(parties.total, np.int64)
    for sort, (_, _, kind) in _PARTY_SORTS.items():
        codes[parties.numbers(sort)] = words.index(kind)
    return choose(words, codes)


def is_person(parties: Blocks) -> NDArray[np.bool_]:
    """Which parties are persons."""
    out = np.zeros(parties.total, bool)
    for sort in _PERSONS:
        out[parties.numbers(sort)] = True
    return out


def party_ids(parties: Blocks) -> pa.Array:
    """The id of each party: a letter for its sort and a number."""
    pieces: list[pa.Array] = []
    seen: dict[str, int] = {}
    for sort, (prefix, _, _) in _PARTY_SORTS.items():
        first = seen.get(prefix, 0) + 1
        count = parties.count[sort]
        seen[prefix] = first + count - 1
        pieces.append(fixed_text(letters(prefix, count), digits(np.arange(first, first + count), 7)))
    return pa.concat_arrays(pieces)


def party_names(parties: Blocks) -> pa.Array:
    """The name of each party; several persons may share one, as they do."""
    pieces = []
    for sort, (_, ending, _) in _PARTY_SORTS.items():
        count, place = parties.count[sort], np.arange(parties.count[sort])
        if sort == "bank":
            pieces.append(choose(BANKS, place))
        elif sort in _PERSONS:
            mixed = (place + 7 * parties.start[sort]) * 7_919 % 1_000_003
            surname = choose(list(_SURNAMES), mixed % len(_SURNAMES))
            given = choose(list(_GIVEN_FIRST), mixed // 41 % len(_GIVEN_FIRST))
            pieces.append(joined(surname, given, choose(_GIVEN_LAST, mixed // 1_013 % len(_GIVEN_LAST))))
        elif count == 1:
            pieces.append(pa.array([ending], pa.string()))
        else:
            where = choose(_PLACES, place % len(_PLACES))
            first = choose(_WORDS, place // len(_PLACES) % len(_WORDS))
            second = choose(_WORDS, (place * 5 + 3) % len(_WORDS))
            series = place // (len(_PLACES) * len(_WORDS))
            number = pc.if_else(pa.array(series == 0), "", pa.array(series).cast(pa.string()))
            pieces.append(joined(where, first, second, number, ending))
    return pa.concat_arrays(pieces)


def id_numbers(parties: Blocks) -> pa.Array:
    """The number of each party's papers: of the right form, in a region that does not exist (99)."""
    number = np.arange(parties.total)
    person = is_person(parties)
    born = _dates(1950 + number * 37 % 50, 1 + number * 11 % 12, 1 + number * 17 % 28)
    body = np.concatenate([letters("99", parties.total), digits(number // 1000, 4), born], axis=1)
    body = np.concatenate([body, digits(number % 1000, 3)], axis=1)
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    check = np.frombuffer(b"10X98765432", np.uint8)[((body - 48).astype(np.int64) @ weights) % 11]
    natural = fixed_text(body, check[:, None])
    legal = fixed_text(letters("9199", parties.total), digits(number * 48_271 % 10**14, 14))
    return pc.if_else(pa.array(person), natural, legal)


def _dates(year: Ints, month: Ints, of_month: Ints) -> NDArray[np.uint8]:
    return np.concatenate([digits(year, 4), digits(month, 2), digits(of_month, 2)], axis=1)


@dataclass
class Accounts:
    """All accounts: blocks, and what is known of each by number."""

    blocks: Blocks
    party: Ints
    bank: Ints
    kind: Ints
    covered: NDArray[np.bool_]
    covered_to: Ints
    ids: pa.Array
    cards: pa.Array
    kinds: list[str]


def account_ids(blocks: Blocks, bank: Ints, cash_of: Ints) -> pa.Array:
    """The number of each account, 17 digits; those that have none are named as the tables name them."""
    number = np.arange(blocks.total)
    body = fixed_text(
        digits(10 + bank, 2),
        digits(1000 + number % 97, 6),
        digits(number * 48_271 % 10**9, 9),
    )
    pieces = [body.slice(0, blocks.start["fee"])]
    pieces.append(pa.array([f"fee:{name}" for name in BANKS]))
    pieces.append(pa.array([f"interest:{name}" for name in BANKS]))
    pieces.append(pa.array(["tax"]))
    pieces.append(joined("cash:", body.take(pa.array(cash_of))))
    return pa.concat_arrays(pieces)


def card_numbers(blocks: Blocks, bank: Ints, has_card: NDArray[np.bool_]) -> pa.Array:
    """The card of each account that has one: 19 digits that begin with 62."""
    number = np.arange(blocks.total)
    card = fixed_text(
        letters("62", blocks.total), digits(10 + bank, 2), letters("99", blocks.total), digits(number, 13)
    )
    return pc.if_else(pa.array(has_card), card, pa.scalar(None, pa.string()))
