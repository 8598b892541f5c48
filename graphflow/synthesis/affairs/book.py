"""The book in which an affair is written: rows as they come, in whole minor units and seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphflow.synthesis.affairs.told import Affair, Figure, May, Must
from graphflow.synthesis.balances import Balances
from graphflow.tables import SCHEMA

Ints = NDArray[np.int64]

HOUR, DAY = 3_600, 86_400
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "文华",
    "志平",
    "国军",
    "建英",
    "海涛",
    "晓燕",
    "春梅",
    "玉兰",
    "秀芳",
    "家明",
    "德强",
    "雪敏",
    "思远",
    "子轩",
)
PLACES = ("东浦", "南岗", "海曲", "北塬", "江口", "云岭", "平湖", "青屿", "石桥", "柳溪", "白沙", "望城")
WORDS = (
    "恒达",
    "盛和",
    "信泰",
    "瑞丰",
    "隆嘉",
    "源通",
    "安润",
    "宏利",
    "景明",
    "同德",
    "永兴",
    "立诚",
    "昌平",
    "厚载",
)


def on(day: str) -> int:
    """A local day, or moment, as seconds since 1970."""
    return int(np.datetime64(day, "s").astype(np.int64))


def shared(total: int, weights: Sequence[int] | Ints) -> Ints:
    """A sum of money in proportion to some weights, to the unit: the largest remainders get what is left.

    Parameters
    ----------
    total
        Minor units.
    weights
        Not all of them nought.

    Returns
    -------
    array
        As many amounts, which add up to `total`.

    Examples
    --------
    >>> shared(100, [1, 1, 1]).tolist(), shared(10, [5, 3, 1]).tolist()
    ([34, 33, 33], [6, 3, 1])
    """
    given = [int(each) for each in weights]
    whole = sum(given)
    amounts = [total * each // whole for each in given]
    rest = [total * each % whole for each in given]
    for place in sorted(range(len(given)), key=lambda p: (-rest[p], p))[: total - sum(amounts)]:
        amounts[place] += 1
    return np.array(amounts, np.int64)


def rounded(total: int, weights: Sequence[int] | Ints, unit: int) -> Ints:
    """The same in whole multiples of `unit`, but for the last amount, which takes the odd rest.

    Examples
    --------
    >>> rounded(1_050, [1, 1], 100).tolist()
    [500, 550]
    """
    amounts = shared(total // unit, weights) * unit
    amounts[-1] += total % unit
    return amounts


def affordable(
    slots: Ints, wanted: Sequence[int], ins: tuple[Ints, Ints], outs: tuple[Ints, Ints]
) -> list[int]:
    """What can be taken out of a pool at some moments without which no later payment would fail.

    Parameters
    ----------
    slots
        Moments, in order.
    wanted
        How much in all is to be out by each of them.
    ins, outs
        Times and amounts of what comes in, and of what has to be paid.

    Returns
    -------
    list of int
        At each moment: as much as was wanted by then, or as can be spared.

    Examples
    --------
    >>> comes, goes = (np.array([1, 5]), np.array([10, 10])), (np.array([4]), np.array([8]))
    >>> affordable(np.array([2, 6]), [5, 5], comes, goes)
    [2, 3]
    """
    came, went = (np.argsort(part[0], kind="stable") for part in (ins, outs))
    into, out = ins[0][came], outs[0][went]
    cum_in = np.concatenate(([0], np.cumsum(ins[1][came])))
    cum_out = np.concatenate(([0], np.cumsum(outs[1][went])))

    def left(at: Ints) -> Ints:
        return np.asarray(
            cum_in[np.searchsorted(into, at, "left")] - cum_out[np.searchsorted(out, at, "right")], np.int64
        )

    lows = np.append(np.minimum.accumulate(left(out)[::-1])[::-1], np.iinfo(np.int64).max)
    spent, found = 0, []
    for at, now, want in zip(slots.tolist(), left(slots).tolist(), wanted, strict=True):
        most = min(now, int(lows[np.searchsorted(out, at, "right")]))
        target = max(min(most, int(want)), spent)
        found.append(target - spent)
        spent = target
    return found


class _Columns:
    """The columns of one table; what a row does not say is empty."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.size = 0

    def add(self, count: int, values: Mapping[str, Any]) -> None:
        for name, given in values.items():
            column = self.columns.setdefault(name, [])
            column.extend([""] * (self.size - len(column)))
            column.extend(_listed(given, count))
        self.size += count

    def filled(self) -> dict[str, list[Any]]:
        for column in self.columns.values():
            column.extend([""] * (self.size - len(column)))
        return self.columns


def _listed(given: Any, count: int) -> list[Any]:
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given] * count
    found = list(given)
    if len(found) != count:
        raise ValueError(f"{len(found)} values for {count} rows")
    return found


class Book:
    """Rows of every table.

    Parameters
    ----------
    seed
        The same seed gives the same rows.
    since, until
        The first and the last day of the statements that are held, as text.
    digits
        Of the currency's minor unit.

    Examples
    --------
    >>> book = Book(0, "2020-01-01", "2020-12-31")
    >>> book.party("A", "甲", "person")
    >>> book.account("a", "A"); book.account("b", "A", covered=False)
    >>> book.pay(on("2020-02-03T10:00:00"), "a", "b", 12_345, memo="转账")
    ['T00000001']
    >>> frames = book.tables()
    >>> frames["transfers"][["time", "amount"]].values.tolist()
    [['2020-02-03T10:00:00', '123.45']]
    >>> frames["accounts"]["opening_balance"].tolist()
    ['123.45', '']
    """

    def __init__(self, seed: int, since: str, until: str, digits: int = 2) -> None:
        self.rng = np.random.default_rng(seed)
        self.since, self.until, self.digits = since, until, digits
        self._tables: dict[str, _Columns] = {}
        self._paid = 0
        self._names = 0
        self.honest: set[str] = set()
        self.guilty: set[str] = set()

    # ------------------------------------------------------------ rows

    def add(self, table: str, count: int = 1, **values: Any) -> None:
        """Rows of a table: a single value stands for every row, a sequence has one a row."""
        self._tables.setdefault(table, _Columns()).add(count, values)

    def pay(self, time: Any, source: Any, target: Any, amount: Any, **more: Any) -> list[str]:
        """Payments, one or many; their ids."""
        given = {"time": time, "source": source, "target": target, "amount": amount, **more}
        sizes = [
            len(each) for each in given.values() if not isinstance(each, str) and hasattr(each, "__len__")
        ]
        count = sizes[0] if sizes else 1
        ids = [f"T{self._paid + place:08d}" for place in range(1, count + 1)]
        self._paid += count
        self.add("transfers", count, transfer_id=ids, **given)
        return ids

    def party(self, ident: str, name: str, kind: str, sector: str = "", **more: Any) -> None:
        """A party."""
        self.add("parties", party_id=ident, name=name, kind=kind, sector=sector, **more)

    def company(self, ident: str, name: str, sector: str = "ordinary", **more: Any) -> None:
        """A company with an address and a telephone of its own, founded long ago unless it is said when."""
        self._names += 1
        given = {
            "address": f"{PLACES[self._names % 12]}区第{self._names}号",
            "phone": f"010-6{self._names:07d}",
            "founded": "2006-05-18",
            **more,
        }
        self.party(ident, name, "company", sector, **given)

    def people(self, prefix: str, count: int) -> list[str]:
        """Natural persons with an account each, not covered, of the same number in small letters."""
        ids = [f"{prefix}{number:06d}" for number in range(count)]
        names = [SURNAMES[n * 7 % len(SURNAMES)] + GIVEN[n * 5 % len(GIVEN)] for n in range(count)]
        self.add("parties", count, party_id=ids, name=names, kind="person")
        self.add(
            "accounts",
            count,
            account_id=[each.lower() for each in ids],
            party_id=ids,
            kind="settlement",
            bank="信安银行",
            covered="false",
        )
        return ids

    def account(
        self,
        ident: str,
        party: str,
        kind: str = "settlement",
        *,
        opening: int = 0,
        covered: bool = True,
        **more: Any,
    ) -> None:
        """An account; it opens with at least `opening`, and with what it needs never to be overdrawn."""
        held: dict[str, Any] = (
            {"covered_from": self.since, "covered_to": self.until, "opening_balance": opening}
            if covered
            else {}
        )
        self.add(
            "accounts",
            account_id=ident,
            party_id=party,
            kind=kind,
            bank=more.pop("bank", "信安银行"),
            covered="true" if covered else "false",
            **held,
            **more,
        )

    def owns(self, owner: str, company: str, since: str = "2006-05-18") -> None:
        """The whole of a company."""
        self.add("stakes", owner_id=owner, company_id=company, share="1", votes="1", since=since)

    def licence(self, party: str, *functions: str, since: str = "2007-01-15") -> None:
        """Licences of a party."""
        for function in functions:
            self.add(
                "licences",
                party_id=party,
                function=function,
                number=f"{party}-{function}",
                regulator="监管部门",
                since=since,
            )

    def firm_name(self, ending: str) -> str:
        """The next invented name of a firm."""
        self._names += 1
        number = self._names
        series = number // (12 * 14)
        return f"{PLACES[number % 12]}{WORDS[number // 12 % 14]}{series or ''}{ending}"

    # ------------------------------------------------------------ times

    def hours(self, day: Any, count: int | None = None) -> Any:
        """Moments of business hours of a day or of days."""
        size = count if count is not None else np.shape(day)
        drawn = self.rng.integers(9 * HOUR, 17 * HOUR, size)
        return np.asarray(day, np.int64) + drawn if np.ndim(drawn) else int(day) + int(drawn)

    # ------------------------------------------------------------ the end

    def affair(
        self,
        name: str,
        source: str,
        truth: tuple[tuple[Must, ...], tuple[May, ...]],
        figures: Iterable[Figure],
        money: tuple[str, str] = ("CNY", "Asia/Shanghai"),
    ) -> Affair:
        """Everything in it as an affair: whom a red line must and may find, figures, currency and zone."""
        return Affair(
            name, source, self.tables(), *money, *truth, frozenset(self.guilty), frozenset(self.honest),
            {each.name: each for each in figures},
        )  # fmt: skip

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table as text; transfers in the order of time, which their sequence says too."""
        transfers = self._tables["transfers"].filled()
        order = np.argsort(np.array(transfers["time"], np.int64), kind="stable").tolist()
        for name, column in transfers.items():
            transfers[name] = [column[place] for place in order]
        self._open()
        found = {
            name: pd.DataFrame(
                {
                    column: pd.array(self._texts(name, column, values), dtype="str")
                    for column, values in rows.filled().items()
                }
            )
            for name, rows in self._tables.items()
        }
        count = len(found["transfers"])
        found["transfers"]["sequence"] = pd.array([str(each) for each in range(1, count + 1)], dtype="str")
        return found

    def _open(self) -> None:
        """Open each account whose statement is held with what it needs."""
        accounts, transfers = self._tables["accounts"].filled(), self._tables["transfers"].filled()
        number = {each: place for place, each in enumerate(accounts["account_id"])}
        sides = np.empty(2 * len(transfers["time"]), np.int64)
        sides[0::2] = [number[each] for each in transfers["source"]]
        sides[1::2] = [number[each] for each in transfers["target"]]
        amounts = np.array(transfers["amount"], np.int64)
        changes = np.empty_like(sides)
        changes[0::2], changes[1::2] = -amounts, amounts
        books = Balances(len(number))
        books.advance(sides, changes)
        self.least = dict(zip(accounts["account_id"], books.least.tolist(), strict=True))
        self.left = dict(zip(accounts["account_id"], books.now.tolist(), strict=True))
        opening = accounts.setdefault("opening_balance", [""] * len(number))
        for place, given in enumerate(opening):
            if given != "":
                opening[place] = max(int(given), -int(books.least[place]))
                self.left[accounts["account_id"][place]] += opening[place]

    def _texts(self, table: str, column: str, values: list[Any]) -> list[str]:
        spec = SCHEMA[table].columns.get(column)
        kind = spec.kind if spec is not None else "text"
        if kind == "money":
            unit = 10**self.digits
            return [each if isinstance(each, str) else _major(each, unit, self.digits) for each in values]
        if kind == "time":
            return _times(values, whole=table not in ("transfers", "subscriptions"))
        return [str(each) for each in values]


def _major(amount: int, unit: int, digits: int) -> str:
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{size // unit}.{size % unit:0{digits}d}" if digits else f"{sign}{size}"


def _times(values: list[Any], whole: bool) -> list[str]:
    """Local seconds as ISO 8601; a midnight of a register is a day."""
    numbers = np.array([0 if isinstance(each, str) else each for each in values], "datetime64[s]")
    texts = np.datetime_as_string(numbers).tolist()
    days = np.datetime_as_string(numbers, unit="D").tolist()
    return [
        each if isinstance(each, str) else day if whole and each % DAY == 0 else text
        for each, text, day in zip(values, texts, days, strict=True)
    ]
