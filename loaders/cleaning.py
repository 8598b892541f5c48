"""Cells as banks write them, made plain: money, times, numbers of accounts and of people.

Each works on a whole column: what is plain already is let through by a regular expression, and only the odd
values, once each, go through Python. Nothing passes through a float.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.large_string()
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

NOTHING = frozenset(
    {"", "-", "--", "---", "----", "/", "\\", "\\n", "无", "null", "none", "nan", "n/a", "#n/a", "(空)", "空"}
)
_ODD = "[\uff01-\uff5e\u2000-\u200f\u3000\xa0\ufeff'\"=`\t\r\n]"


def whole(column: Any) -> pa.Array:
    """A column as one array of text, trimmed."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks may hand one back
        array = pa.concat_arrays(array.chunks)
    array = pc.fill_null(array.cast(TEXT), "")
    if len(array) > _MANY and len(pc.unique(array[:_MANY])) < _MANY // 4:
        encoded = array.dictionary_encode()  # a word that stands in many rows is cleaned once
        return _trimmed(encoded.dictionary).take(encoded.indices)
    return _trimmed(array)


_MANY = 4096


def _trimmed(array: pa.Array) -> pa.Array:
    array = pc.utf8_trim_whitespace(array)
    return odd_values(array, pc.match_substring_regex(array, _ODD), plain)


def rows_of(column: pa.Array, mask: Flags) -> pa.Array:
    """The rows of a column where the mask holds; the column itself where it holds everywhere."""
    return column if mask.all() else column.filter(pa.array(mask))


def odd_values(array: pa.Array, odd: Any, change: Callable[[str], str | None]) -> pa.Array:
    """The array with `change` applied to the values where `odd` holds, once for each distinct value."""
    mask = pc.fill_null(odd, False)
    if not pc.any(mask).as_py():
        return array
    encoded = array.filter(mask).dictionary_encode()
    changed = pa.array([change(value) for value in encoded.dictionary.to_pylist()], TEXT)
    return pc.replace_with_mask(array, mask, changed.take(encoded.indices))


def plain(text: str) -> str:
    """A cell without what clings to it: tabs, quotes, Excel's `="..."`, full-width digits and letters.

    Examples
    --------
    >>> plain("\\t６２２２０２ "), plain("'0012"), plain('="0012"'), plain("张三（上海）")
    ('622202', '0012', '0012', '张三(上海)')
    """
    text = unicodedata.normalize("NFKC", text).strip(" \t\r\n\u3000\ufeff\xa0\u200b")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    text = text.removeprefix("'").removeprefix("`")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text.strip()


# ---------------------------------------------------------------- money

_PLAIN_MONEY = r"^[+-]?\d{1,28}(\.\d{1,10})?$"
_GROUPED = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_SCIENTIFIC = re.compile(r"^[+-]?\d+(\.\d+)?[Ee][+-]?\d{1,2}$")
# So Excel writes down a number of twelve digits and more: with six of them.
_LOSSY = re.compile(r"^[+-]?\d(\.\d{1,5})?E\+(1[1-9]|[2-9]\d)$")
NOT_MONEY = "\0"  # marks what is no amount: it cannot stand in a cell that was read


def money(column: pa.Array, shift: int = 0) -> tuple[pa.Array, Flags]:
    """A column of amounts as plain decimal text, times 10 to the `shift`; and which cells are no amounts.

    Examples
    --------
    >>> values, wrong = money(pa.array(["1,234.50", "-3", "1.5E+3", "￥7元", "", "12..3", "1,23"], TEXT))
    >>> values.to_pylist(), wrong.tolist()
    (['1234.50', '-3', '1500', '7', None, None, None], [False, False, False, False, False, True, True])
    >>> money(pa.array(["1.25"], TEXT), 4)[0].to_pylist(), money(pa.array(["125"], TEXT), -2)[0].to_pylist()
    (['12500'], ['1.25'])
    """
    is_plain = pc.match_substring_regex(column, _PLAIN_MONEY)
    odd = pc.invert(is_plain) if not shift else pa.array([True] * len(column), pa.bool_())
    made = odd_values(column, odd, lambda text: _money(text, shift))
    wrong = np.asarray(pc.fill_null(pc.equal(made, NOT_MONEY), False), dtype=bool)
    made = pc.if_else(pa.array(wrong), pa.scalar(None, TEXT), made)
    return made, wrong


def _money(text: str, shift: int) -> str | None:
    text = plain(text).replace(" ", "")
    if text.lower() in NOTHING:
        return None
    text = re.sub(r"^(人民币|RMB|CNY)?[¥￥$]?", "", text, count=1)
    text = re.sub(r"元(整)?$", "", text)
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    if _GROUPED.match(text):
        text = text.replace(",", "")
    if not (re.match(_PLAIN_MONEY, text) or _SCIENTIFIC.match(text)) or _LOSSY.match(text):
        return NOT_MONEY
    try:
        value = Decimal(text).scaleb(shift)
    except InvalidOperation:
        return NOT_MONEY
    return format(value, "f")


def tenthousandths(column: pa.Array) -> tuple[Ints, Flags]:
    """Decimal text as integers of 1/10,000, and which could be read so: for adding up running balances.

    Examples
    --------
    >>> values, known = tenthousandths(pa.array(["1.25", "-3", None, "1.00005"], TEXT))
    >>> values.tolist(), known.tolist()
    ([12500, -30000, 0, 0], [True, True, False, False])
    """
    good = pc.fill_null(pc.match_substring_regex(column, r"^[+-]?\d{1,14}(\.\d{1,4})?$"), False)
    known = np.asarray(good, dtype=bool)
    exact = pc.if_else(good, column, pa.scalar("0", TEXT)).cast(pa.decimal128(22, 4))
    buffer = exact.buffers()[1]
    values = (
        np.frombuffer(buffer, np.int64, 2 * len(exact), exact.offset * 16).reshape(-1, 2)[:, 0]
        if len(exact)
        else np.empty(0, np.int64)
    )
    return values.copy(), known


# ---------------------------------------------------------------- times

_ISO = r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$"
_DATE = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?"
    r"(?:[\sT-]*(\d{1,2})\s*[:.时点]\s*(\d{1,2})(?:\s*[:.分]\s*(\d{1,2})(?:\.(\d{1,9}))?)?[秒分]?)?$"
)
_DIGITS = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[\sT]*(\d{2}):?(\d{2}):?(\d{2})(?:\.?(\d{1,9}))?)?$")
_SERIAL = re.compile(r"^\d{5}(\.\d+)?$")
_ONLY_TIME = r"^(\d{1,2}:\d{2}(:\d{2})?|\d{6})$"


def times(column: pa.Array, *, dates: pa.Array | None = None, serial: bool = False) -> tuple[pa.Array, Flags]:
    """A column of times as ISO text, and which cells are no times.

    Parameters
    ----------
    dates
        A column of days, where the other one has the time of day only.
    serial
        Numbers of five digits are Excel's days (in a workbook only).

    Examples
    --------
    >>> values, wrong = times(pa.array(["20210105093000", "2021/1/5 9:05", "2021年1月5日", "05/01/21"], TEXT))
    >>> values.to_pylist(), wrong.tolist()
    (['2021-01-05 09:30:00', '2021-01-05 09:05:00', '2021-01-05', None], [False, False, False, True])
    """
    if dates is not None:
        short = pc.match_substring_regex(column, _ONLY_TIME)
        clock = odd_values(
            column, pc.match_substring_regex(column, r"^\d{6}$"), lambda t: f"{t[:2]}:{t[2:4]}:{t[4:]}"
        )
        joined = pc.binary_join_element_wise(dates, clock, pa.scalar(" ", TEXT))
        column = pc.if_else(pc.equal(pc.binary_length(column), 0), dates, pc.if_else(short, joined, column))
    odd = pc.invert(pc.match_substring_regex(column, _ISO))
    made = odd_values(column, odd, lambda text: _time(text, serial))
    wrong = np.asarray(pc.fill_null(pc.equal(made, NOT_MONEY), False), dtype=bool)
    made = pc.if_else(pa.array(wrong), pa.scalar(None, TEXT), made)
    # A day or hour that does not exist is no time either; the cast knows the calendar.
    try:
        pc.cast(made, pa.timestamp("us"))
    except pa.ArrowInvalid:
        made = odd_values(made, pc.is_valid(made), lambda text: text if _exists(text) else NOT_MONEY)
        unreal = np.asarray(pc.fill_null(pc.equal(made, NOT_MONEY), False), dtype=bool)
        made = pc.if_else(pa.array(unreal), pa.scalar(None, TEXT), made)
        wrong |= unreal
    return made, wrong


def _exists(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _time(text: str, serial: bool) -> str | None:
    text = plain(text)
    if text.lower() in NOTHING:
        return None
    found = _DATE.match(text) or _DIGITS.match(text)
    if found is None:
        if serial and _SERIAL.match(text):
            days = Decimal(text)
            moment = datetime.datetime(1899, 12, 30) + datetime.timedelta(days=int(days))
            if days == int(days):
                return moment.date().isoformat()
            seconds = int(((days - int(days)) * 86400).to_integral_value())
            return (moment + datetime.timedelta(seconds=seconds)).isoformat(sep=" ")
        return NOT_MONEY
    year, month, day, hour, minute, second, part = found.groups()
    iso = f"{year}-{int(month):02d}-{int(day):02d}"
    if hour is not None:
        iso += f" {int(hour):02d}:{int(minute):02d}:{int(second or 0):02d}"
        if part and part.strip("0"):
            iso += f".{part[:6]}"
    return iso if _exists(iso) else NOT_MONEY


# ---------------------------------------------------------------- ids

_SIMPLE_ID = r"^[0-9A-Za-z@._:-]*$"
_NOTHING_ID = r"^(0+|-+|/|\\N|[Nn][Uu][Ll][Ll]|[Nn]one|[Nn]a[Nn])?$"
MASKED = r"[*＊#•●?？]|[Xx]{3,}"


def ids(column: pa.Array) -> pa.Array:
    """A column of account, card or identity numbers: no blanks between digits, words for nothing are nothing.

    Examples
    --------
    >>> ids(pa.array(["6222 0212", "0012", "无", "000", "6222*1", "123456.0"], TEXT)).to_pylist()
    ['62220212', '0012', None, None, '6222*1', '123456']
    """
    odd = pc.or_(
        pc.or_(
            pc.invert(pc.match_substring_regex(column, _SIMPLE_ID)),
            pc.match_substring_regex(column, _NOTHING_ID),
        ),
        pc.match_substring_regex(column, r"^\d{1,15}\.0+$"),
    )
    return odd_values(column, odd, _id)


def _id(text: str) -> str | None:
    text = plain(text)
    if text.lower() in NOTHING or re.match(_NOTHING_ID, text):
        return None
    if re.match(r"^\d{1,15}\.0+$", text):
        return text.partition(".")[0]
    return re.sub(r"(?<=\d)[\s-]+(?=\d)", "", text) if re.match(r"^[\d\s]+$", text) else text


def masked(column: pa.Array) -> Flags:
    return np.asarray(pc.fill_null(pc.match_substring_regex(column, MASKED), False), dtype=bool)


def unmasked(column: pa.Array) -> pa.Array:
    """Account numbers, null where one is masked: two accounts may look alike behind a mask.

    Examples
    --------
    >>> unmasked(pa.array(["6222****0011", "1001"], TEXT)).to_pylist()
    [None, '1001']
    """
    return pc.if_else(pa.array(masked(column)), pa.scalar(None, TEXT), column)


def nameless(column: pa.Array) -> Flags:
    """What stands in a column of account numbers and is none: no digit, no address of a wallet."""
    has = pc.or_(pc.match_substring_regex(column, r"\d"), pc.match_substring(column, "@"))
    return np.asarray(pc.fill_null(pc.invert(has), False), dtype=bool)


def matches(column: pa.Array, pattern: str) -> Flags:
    return np.asarray(pc.fill_null(pc.match_substring_regex(column, pattern), False), dtype=bool)


_COMPANY = re.compile(
    r"公司|集团|银行|合作社|事务所|中心|商行|经营部|协会|基金|厂|店$|医院|学校|大学|委员会|政府|局$|企业|有限合伙|LTD|INC|LLC|CO\.",
    re.I,
)


def kind_of_party(number: str, name: str = "", id_type: str = "") -> str:
    """`person` or `company` or `partnership`, by the number's own form, then its type, then the name.

    Examples
    --------
    >>> kind_of_party("110101199003072316"), kind_of_party("91310000MA1FL0000X")
    ('person', 'company')
    >>> kind_of_party("X", "甲有限公司")
    'company'
    """
    if "有限合伙" in name or "普通合伙" in name:
        return "partnership"
    if re.match(r"^\d{6}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]$", number):
        return "person"
    if re.search(r"信用代码|营业执照|组织机构|工商|税务|法人|登记证|批文", id_type):
        return "company"
    if re.search(r"身份证|护照|军官|士兵|通行证|户口|居留|警官|居住证", id_type):
        return "person"
    if re.match(r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$", number) and number[:1] in "159AN":
        return "company"
    return "company" if _COMPANY.search(name) else "person"
