"""A case as banks answer: the 34-column export, a folder a bank, both sides of every transfer, and its dirt.

Read from the tables of a generated case (Parquet), written in pieces. What is dirty is decided by the
transfer's number alone, so that two overlapping files have the same row alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graphflow.language import N_
from graphflow.synthesis.cast import BANKS
from graphflow.synthesis.columns import UTC_OFFSET

Progress = Callable[[str, int, int], None]

VARIANT_A = (
    "交易卡号,交易账号,账户开户名称,开户人证件号码,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,现金标志,对手户名,"
    "对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易网点代码,交易发生地,交易是否成功,传票号,终端号,IP地址,MAC地址,"
    "对手交易余额,交易流水号,日志号,凭证种类,凭证号,交易柜员号,商户名称,商户号,备注,交易类型,查询反馈结果原因"
)
VARIANT_B = (
    "交易卡号,交易账号,交易方户名,交易方证件号码,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,现金标志,对手户名,对手身份证号,"
    "对手开户银行,摘要说明,交易币种,交易网点名称,交易发生地,交易是否成功,传票号,IP地址,MAC地址,对手交易余额,交易流水号,日志号,凭证种类,"
    "凭证号,交易柜员号,备注,商户名称,交易类型,查询反馈结果原因"
)
UNIFIED = (
    "交易卡号,交易账号,交易户名,交易证件号码,交易方开户行,账户性质,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,对手账户性质,"
    "现金标志,对手户名,对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易发生地,交易是否成功,传票号,IP地址,MAC地址,"
    "对手交易余额,交易流水号,商户流水号,日志号,凭证种类,凭证号,交易柜员号,备注,查询反馈结果原因,数据来源"
)
ACCOUNT_HEADER = (
    "账户开户名称,开户人证件号码,交易卡号,交易账号,账号开户时间,账户余额,可用余额,币种,开户网点代码,开户网点,账户状态,钞汇标志名称,"
    "开户人证件类型,销户日期,账户类型,开户联系方式,通信地址,联系电话,代理人,代理人电话,备注,开户省份,开户城市,账号开户银行,客户代码,"
    "法人代表,客户工商执照号码,法人代表证件号码,住宅地址,邮政编码,代办人证件号码,邮箱地址,关联资金账户,地税纳税号,单位电话,代办人证件类型,"
    "住宅电话,法人代表证件类型,国税纳税号,单位地址,工作单位,销户网点,最后交易时间,账户销户银行,任务流水号"
)
PEOPLE_HEADER = (
    "客户名称,证照类型,证照号码,单位地址,联系电话,联系手机,单位电话,住宅电话,工作单位,邮箱地址,代办人姓名,代办人证件类型,代办人证件号码,"
    "国税纳税号,地税纳税号,法人代表,法人代表证件类型,法人代表证件号码,出生日期,户籍地址,客户工商执照号码"
)
#: The local days of each delivery, inclusive: accounts asked for early, all others, and these again.
DELIVERIES = (("2014-06-01", "2015-06-30"), ("2014-06-01", "2015-12-31"), ("2015-11-25", "2015-12-31"))
_DIRECTIONS = (("进", "出"), ("贷", "借"), ("收", "付"), ("C", "D"))
_HEADER_AGAIN = 500  # rows after which some banks print the header again
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")


@dataclass
class _Bank:
    """How one bank writes."""

    number: int
    name: str
    files: list[BinaryIO] = field(default_factory=list)
    rows: list[int] = field(default_factory=lambda: [0] * len(DELIVERIES))
    since_header: list[int] = field(default_factory=lambda: [0] * len(DELIVERIES))

    @property
    def encoding(self) -> str:
        return "gb18030" if self.number % 2 else "utf-8"

    @property
    def header(self) -> str:
        return (VARIANT_A, VARIANT_B, UNIFIED)[self.number % 3]

    @property
    def directions(self) -> tuple[str, str]:
        return _DIRECTIONS[self.number % 4]

    def write(self, delivery: int, lines: list[str]) -> None:
        self.files[delivery].write("".join(f"{line}\r\n" for line in lines).encode(self.encoding))


def write_statements(tables: Path, out: Path, *, progress: Progress | None = None) -> dict[str, int]:
    """Write the statements of the case in `tables` to `out`, a folder for each bank; count the dirt.

    ``truth/`` says beside it which serial numbers each transfer has in the statements (`serials`), and of
    what the dirt consists (`dirt.json`).

    Every account that is covered has a statement at its bank, for the days that its coverage names. A bank
    delivers three times: the accounts that were asked for early, to the middle of 2015; all others, whole;
    and of these the last weeks again. Banks differ in encoding, columns, words and manners.

    Parameters
    ----------
    tables : Path
        A generated case, its tables in Parquet.
    out : Path
        An empty folder.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    dict
        How many rows there are (`rows`), and of them how many are delivered again (`copies`), failed
        (`failed`), of zero amount (`zero`), or hide the other side (`masked`).

    Examples
    --------
    >>> import tempfile
    >>> from graphflow.synthesis.lending import p2p
    >>> with tempfile.TemporaryDirectory() as tables, tempfile.TemporaryDirectory() as out:
    ...     p2p(Path(tables), size=2_000, seed=1, form="parquet")
    ...     counts = write_statements(Path(tables), Path(out))
    ...     len(list(Path(out).glob("*/*交易明细信息*.csv")))
    24
    >>> counts["rows"] > 2_000
    True
    """
    people = _People(tables)
    banks = [_Bank(number, name) for number, name in enumerate(BANKS)]
    counts = dict.fromkeys((N_("rows"), N_("copies"), N_("failed"), N_("zero"), N_("masked")), 0)
    for bank in banks:
        folder = out / bank.name
        folder.mkdir()
        for place in range(len(DELIVERIES)):
            prefix = f"{bank.name}_" if bank.number % 3 else ""
            file: BinaryIO = (folder / f"{prefix}交易明细信息({place + 1}).csv").open("wb")
            bank.files.append(file)
            if bank.encoding == "utf-8":
                file.write(b"\xef\xbb\xbf")
            if bank.number % 2:  # the period above the rows; the other banks have it below
                first, last = (text.replace("-", "") for text in DELIVERIES[place])
                bank.write(place, [f"{bank.name}协助查询反馈", f"查询起止日期：{first} 至 {last}", ""])
            bank.write(place, [bank.header])
    source = pq.ParquetFile(tables / "transfers.parquet")
    total, done = source.metadata.num_rows, 0
    for batch in source.iter_batches(batch_size=100_000):
        for bank, lines in _sides(pa.table(batch), people, banks, counts):
            _deliver(bank, lines, counts)
        done += batch.num_rows
        if progress is not None:
            progress(N_("writing statements"), done, total)
    for bank in banks:
        for place, file in enumerate(bank.files):
            if bank.number % 4 == 2:
                bank.write(place, [f"合计,{bank.rows[place]}笔" + "," * (bank.header.count(",") - 1)])
            elif bank.number % 4 == 3:
                bank.write(place, ["", f"打印时间：2016-01-0{place + 4} 10:00:00"])
            if bank.number % 2 == 0:
                first, last = DELIVERIES[place]
                bank.write(place, [f"以上为查询期间 {first} 至 {last} 的全部交易"])
            file.close()
        people.write(bank, out / bank.name)
    truth = out / "truth"
    truth.mkdir(exist_ok=True)
    serials = ["transfer_id", "source_reference", "target_reference"]
    pq.write_table(pq.read_table(tables / "transfers.parquet", columns=serials), truth / "serials.parquet")
    (truth / "dirt.json").write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    return counts


class _People:
    """What the banks know of accounts and their holders, looked up by account number."""

    def __init__(self, tables: Path) -> None:
        accounts, parties = (pq.read_table(tables / f"{name}.parquet") for name in ("accounts", "parties"))
        self.ids = accounts["account_id"].combine_chunks()
        holder = pc.index_in(accounts["party_id"], value_set=parties["party_id"].combine_chunks())

        def of_party(name: str) -> pa.Array:
            return _whole(parties[name]).take(_whole(holder))

        self.columns = {
            "account": _whole(accounts["account_id"]),
            "card": _whole(accounts["aliases"]),
            "name": _whole(accounts["name"]),
            "number": of_party("id_number"),
            "id_type": of_party("id_type"),
            "phone": of_party("phone"),
            "address": of_party("address"),
            "bank": _whole(accounts["bank"]),
            "opened": _whole(accounts["opened"]).cast(pa.string()),
            "currency": _whole(accounts["currency"]),
        }
        covered = pc.fill_null(_whole(accounts["covered"]), True)  # empty: the table of coverage says it
        self.covered = np.asarray(covered.to_numpy(zero_copy_only=False), bool)
        self.bank = np.asarray(
            pc.fill_null(pc.index_in(self.columns["bank"], value_set=pa.array(BANKS)), -1).to_numpy()
        )
        last = pc.fill_null(_whole(accounts["covered_to"]).cast(pa.int32()), 2**30).to_numpy()
        self.early = last <= np.datetime64(DELIVERIES[0][1], "D").astype(np.int64)

    def places(self, ids: Any) -> NDArray[np.int64]:
        """Where each account stands."""
        return np.asarray(pc.index_in(ids, value_set=self.ids).to_numpy(), np.int64)

    def write(self, bank: _Bank, folder: Path) -> None:
        """账户信息 and 人员信息 of one bank."""
        held = np.flatnonzero(self.covered & (self.bank == bank.number))
        of = {name: pc.fill_null(column.take(pa.array(held)), "") for name, column in self.columns.items()}
        blank = pa.array([""] * len(held), pa.string())
        tab = _tab(bank)
        values = {
            "账户开户名称": of["name"],
            "开户人证件号码": _join(tab, of["number"]),
            "交易卡号": _join(tab, of["card"]),
            "交易账号": _join(tab, of["account"]),
            "账号开户时间": of["opened"],
            "开户人证件类型": of["id_type"],
            "币种": pa.array(["人民币"] * len(held)),
            "账户状态": pa.array(["正常"] * len(held)),
            "联系电话": of["phone"],
            "通信地址": of["address"],
            "账号开户银行": of["bank"],
        }
        _write_csv(folder / f"{bank.name}_账户信息.csv", bank, ACCOUNT_HEADER, values, blank)
        numbers = of["number"].to_pylist()
        first = np.array(
            sorted({number: place for place, number in reversed(list(enumerate(numbers)))}.values()), np.int64
        )
        one = {name: column.take(pa.array(first)) for name, column in of.items()}
        values = {
            "客户名称": one["name"],
            "证照类型": one["id_type"],
            "证照号码": _join(tab, one["number"]),
            "联系电话": one["phone"],
            "户籍地址": one["address"],
        }
        _write_csv(
            folder / f"{bank.name}_人员信息.csv", bank, PEOPLE_HEADER, values, blank.slice(0, len(first))
        )


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _join(*parts: Any) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _tab(bank: _Bank) -> str:
    """Half of the banks put a tab before long numbers, so that a spreadsheet leaves them alone."""
    return "\t" if bank.number % 2 == 0 else ""


def _write_csv(path: Path, bank: _Bank, header: str, values: dict[str, pa.Array], blank: pa.Array) -> None:
    lines = pc.binary_join_element_wise(
        *(values.get(name, blank) for name in header.split(",")), ","
    ).to_pylist()
    mark = b"\xef\xbb\xbf" if bank.encoding == "utf-8" else b""
    path.write_bytes(mark + "".join(f"{line}\r\n" for line in [header, *lines]).encode(bank.encoding))


@dataclass
class _Lines:
    """Finished rows of one bank, with the local day of each and whether its account was asked for early."""

    text: list[str]
    day: NDArray[Any]
    early: NDArray[np.bool_]


def _sides(
    batch: pa.Table, people: _People, banks: list[_Bank], counts: dict[str, int]
) -> Iterator[tuple[_Bank, _Lines]]:
    """Both sides of every transfer, at the bank of each, in the order of the transfers."""
    number = np.asarray(pc.utf8_slice_codeunits(batch["transfer_id"], 1).cast(pa.int64()).to_numpy())
    source, target = people.places(batch["source"]), people.places(batch["target"])
    held = np.stack([_known(batch["source_sequence"]), _known(batch["target_sequence"])], axis=1)
    row, side = np.nonzero(held)
    own = np.where(side == 0, source[row], target[row])
    other = np.where(side == 0, target[row], source[row])
    for bank in banks:
        at = np.flatnonzero(people.bank[own] == bank.number)
        if len(at):
            yield (
                bank,
                _rows(batch, people, bank, number[row[at]], row[at], side[at], own[at], other[at], counts),
            )


def _known(column: Any) -> NDArray[np.bool_]:
    return np.asarray(pc.is_valid(_whole(column)).to_numpy(zero_copy_only=False), bool)


def _rows(
    batch: pa.Table,
    people: _People,
    bank: _Bank,
    number: NDArray[np.int64],
    row: NDArray[np.int64],
    side: NDArray[np.int64],
    own: NDArray[np.int64],
    other: NDArray[np.int64],
    counts: dict[str, int],
) -> _Lines:
    take, mine, theirs = pa.array(row), pa.array(own), pa.array(other)
    luck = number * 2_654_435_761 // 7 % 1000
    pays = pa.array(side == 0)

    def given(name: str) -> pa.Array:
        return _whole(batch[name]).take(take)

    def by_side(name: str) -> pa.Array:
        return pc.if_else(pays, given(f"source_{name}"), given(f"target_{name}"))

    def known(name: str, places: pa.Array) -> pa.Array:
        return pc.fill_null(people.columns[name].take(places), "")

    kind = given("kind").to_numpy(zero_copy_only=False)
    arrival = pc.if_else(pays, given("time"), pc.coalesce(given("target_time"), given("time")))
    local = pc.add(arrival.cast(pa.int64()), UTC_OFFSET * 1_000_000).to_numpy() // 1_000_000
    amount = given("amount").cast(pa.string())
    cash = np.isin(kind, ["withdrawal", "deposit"])
    nobody = cash | np.isin(kind, ["fee", "interest", "tax"]) & (people.bank[other] < 0)
    hidden = (kind == "purchase") & ~people.covered[other] & (luck < 50)
    counts["masked"] += int(hidden.sum())
    by_card = _known(people.columns["card"].take(theirs)) & people.covered[other] & (other % 5 == 0)
    account = pc.if_else(pa.array(by_card), known("card", theirs), known("account", theirs))
    masked = _join(pc.utf8_slice_codeunits(account, 0, 6), "******", pc.utf8_slice_codeunits(account, -4))
    account = pc.if_else(pa.array(hidden), masked, account)
    name = known("name", theirs)
    name = pc.if_else(pa.array(hidden), _join(pc.utf8_slice_codeunits(name, 0, 1), "**"), name)
    said = pa.array(~nobody)
    tab = _tab(bank)
    values: dict[str, pa.Array] = {
        "own_card": _join(tab, known("card", mine)),
        "own_account": _join(tab, known("account", mine)),
        "own_name": _join(known("name", mine), "  " if bank.number % 4 == 0 else ""),
        "own_number": _join(tab, known("number", mine)),
        "time": _time_text(local, bank.number % 3),
        "amount": _amount_text(amount, luck, bank),
        "balance": by_side("balance").cast(pa.string()),
        "direction": pc.if_else(pays, bank.directions[1], bank.directions[0]),
        "other": pc.if_else(said, _join(tab, account), ""),
        "cash": pc.if_else(pa.array(cash), "现金", "转账"),
        "other_name": pc.if_else(said, name, ""),
        "other_number": pc.if_else(pc.and_(said, pa.array(~hidden)), known("number", theirs), ""),
        "other_bank": pc.if_else(said, known("bank", theirs), ""),
        "memo": pc.fill_null(given("memo"), ""),
        "ip": pc.if_else(pays, pc.fill_null(given("ip"), ""), ""),
        "mac": pc.if_else(pays, pc.fill_null(given("mac"), ""), ""),
        "reference": _join(tab, by_side("reference")),
        "success": pa.array([("是", "1", "成功")[bank.number % 3]] * len(row)),
    }
    lines = _assemble(bank, values).to_pylist()
    days = local // 86_400
    failed = np.flatnonzero((kind == "transfer") & (side == 0) & (luck % 67 == 3))
    zero = np.flatnonzero((kind == "interest") & (bank.number % 3 == 1))
    if len(failed) == 0 and len(zero) == 0:
        return _Lines(lines, days, people.early[own])
    extra = [*_failed(bank, values, failed), *_zero(bank, values, zero)]
    after = np.concatenate(
        [failed, zero]
    )  # a failed row stands before its second try, a zero one after its interest
    place = np.concatenate([failed - 0.5, zero + 0.5])
    order = np.argsort(np.concatenate([np.arange(len(lines)), place]), kind="stable")
    text, day = [*lines, *extra], np.concatenate([days, days[after]])
    early = people.early[np.concatenate([own, own[after]])]
    counts["failed"] += len(failed)
    counts["zero"] += len(zero)
    return _Lines([text[at] for at in order.tolist()], day[order], early[order])


def _failed(bank: _Bank, values: dict[str, pa.Array], at: NDArray[np.int64]) -> list[str]:
    some = {name: column.take(pa.array(at)) for name, column in values.items()}
    some["success"] = pa.array([("否", "0", "失败")[bank.number % 3]] * len(at), pa.string())
    some["balance"] = pa.array([""] * len(at), pa.string())
    some["reference"] = _join(some["reference"], "F")
    return list(_assemble(bank, some).to_pylist()) if len(at) else []


def _zero(bank: _Bank, values: dict[str, pa.Array], at: NDArray[np.int64]) -> list[str]:
    some = {name: column.take(pa.array(at)) for name, column in values.items()}
    some["amount"] = pa.array(["0.00"] * len(at), pa.string())
    some["memo"] = pa.array(["利息税"] * len(at), pa.string())
    some["direction"] = pa.array([bank.directions[1]] * len(at), pa.string())
    some["reference"] = _join(some["reference"], "Z")
    return list(_assemble(bank, some).to_pylist()) if len(at) else []


_PLACES = {
    "交易卡号": "own_card",
    "交易账号": "own_account",
    "账户开户名称": "own_name",
    "交易方户名": "own_name",
    "交易户名": "own_name",
    "开户人证件号码": "own_number",
    "交易方证件号码": "own_number",
    "交易证件号码": "own_number",
    "交易时间": "time",
    "交易金额": "amount",
    "交易余额": "balance",
    "收付标志": "direction",
    "交易对手账卡号": "other",
    "现金标志": "cash",
    "对手户名": "other_name",
    "对手身份证号": "other_number",
    "对手开户银行": "other_bank",
    "摘要说明": "memo",
    "交易是否成功": "success",
    "IP地址": "ip",
    "MAC地址": "mac",
    "交易流水号": "reference",
}


def _assemble(bank: _Bank, values: dict[str, pa.Array]) -> pa.Array:
    """Whole lines, in the columns of the bank's header."""
    rows = len(values["time"])
    fixed = {
        "交易币种": "人民币",
        "交易方开户行": bank.name,
        "数据来源": "银行反馈" if bank.number % 3 == 2 else "",
    }
    columns: list[Any] = []
    for heading in bank.header.split(","):
        if heading in _PLACES:
            columns.append(values[_PLACES[heading]])
        else:
            columns.append(pa.array([fixed.get(heading, "")] * rows, pa.string()))
    return pc.binary_join_element_wise(*columns, ",")


def _time_text(local: NDArray[np.int64], manner: int) -> pa.Array:
    text = pa.array(local, pa.timestamp("s")).cast(pa.string())
    if manner == 1:
        return pc.replace_substring_regex(text, r"[-: ]", "")
    return pc.replace_substring(text, "-", "/") if manner == 2 else text


def _amount_text(amount: pa.Array, luck: NDArray[np.int64], bank: _Bank) -> pa.Array:
    """Some banks write separators of thousands, some full-width digits, in some rows."""
    if bank.number % 4 == 3:
        odd = np.flatnonzero(luck % 5 == 0)
        changed = [f'"{int(text[:-3]):,}{text[-3:]}"' for text in amount.take(pa.array(odd)).to_pylist()]
    elif bank.number % 4 == 2:
        odd = np.flatnonzero(luck % 50 == 7)
        changed = [text.translate(_FULL_WIDTH) for text in amount.take(pa.array(odd)).to_pylist()]
    else:
        return amount
    mask = np.zeros(len(amount), bool)
    mask[odd] = True
    return pc.replace_with_mask(amount, pa.array(mask), pa.array(changed, pa.string()))


def _deliver(bank: _Bank, lines: _Lines, counts: dict[str, int]) -> None:
    """Each row into the deliveries of its day and account."""
    times_written = np.zeros(len(lines.text), np.int64)
    for place, (first, last) in enumerate(DELIVERIES):
        days = [int(np.datetime64(text, "D").astype(np.int64)) for text in (first, last)]
        some = (lines.day >= days[0]) & (lines.day <= days[1]) & (lines.early == (place == 0))
        text = [lines.text[at] for at in np.flatnonzero(some).tolist()]
        times_written += some
        bank.rows[place] += len(text)
        counts["rows"] += len(text)
        if bank.number % 4 != 1:
            bank.write(place, text)
            continue
        while text:  # this bank prints the header again every so often
            room = _HEADER_AGAIN - bank.since_header[place]
            bank.write(place, text[:room])
            bank.since_header[place] += len(text[:room])
            text = text[room:]
            if bank.since_header[place] == _HEADER_AGAIN:
                bank.write(place, [bank.header])
                bank.since_header[place] = 0
    counts["copies"] += int((times_written - 1).sum())
