"""One column at a time: from what we were handed to its canonical type, and what is wrong in which row."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.kernels import text as kernel
from graphflow.language import N_
from graphflow.tables.schema import SHARE_DIGITS, ColumnSpec

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Buffers = tuple[Ints, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

BLANKS = "".join(map(chr, range(33))) + "\x7f\x85\xa0\u2000\u2001\u2002\u2003\u2009\u200b\u3000\ufeff"

MISSING = N_("a required value is missing")
NO_NUMBER = N_("not a decimal number")
NO_WHOLE_NUMBER = N_("not a whole number")
TOO_FINE = N_("more decimals than the currency has")
TOO_LARGE = N_("too large a number")
EXPONENT = N_("a number in scientific notation, which may have lost digits")
NO_TIME = N_("not a time")
NO_SUCH_TIME = N_("no such date or time")
FINER = N_("finer than a microsecond")
IMPLAUSIBLE = N_("a time at which nothing in a ledger can have happened")
TWICE = N_("a local time that occurs twice, when clocks are set back")
NEVER = N_("a local time that does not exist, when clocks are set forward")
LOST = N_("a number that lost digits")
TOO_LONG = N_("too long for an id")
CONTROL = N_("control characters in an id")
NO_CURRENCY = N_("unknown currency")
NO_WORD = N_("not one of the words")
NO_BOOL = N_("neither yes nor no")
NOT_POSITIVE = N_("not greater than zero")
OUTSIDE = N_("outside its bounds")

A_NUMBER = N_("digits with a point before the decimals, such as 1234.56")
A_TIME = N_("ISO 8601, such as 2016-04-14T09:30:00 or 2016-04-14")
WITH_OFFSET = N_("a time with its offset, such as 2016-04-14T09:30:00+08:00")
AN_ID = N_("the id as text, with all its digits")
A_CURRENCY = N_("a code of ISO 4217, such as CNY")
A_VALUE = N_("a value")
A_SHARE = N_("a fraction from 0 to 1, such as 0.25 for a quarter")
DECIMALS = N_("decimals, at most")
ONE_OF = N_("one of")
BOUNDS = N_("from, to")
MORE_THAN_ZERO = N_("an amount greater than zero")
IN_RANGE = N_("a number that 64 bits hold in minor units")
DIVISIBLE = N_("less than 4503599627370496 (2**52) minor units, which are still divided exactly")
YEARS = N_("years, from and to")

_TRUE = ("true", "True", "TRUE", "1", "是")
_FALSE = ("false", "False", "FALSE", "0", "否")


@dataclass(frozen=True)
class Fault:
    """Rows that have the same thing wrong in the same column."""

    rows: Ints
    column: str
    reason: str
    expected: str


@dataclass
class Parsed:
    """A column read: its values, columns that go with it (``X_day``, ``X_stated``), and its faults."""

    values: pa.Array
    beside: dict[str, pa.Array] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    rounded: int = 0

    def fault(self, rows: Flags | Ints, column: str, reason: str, expected: str) -> None:
        """Note a fault in some rows, if there are any."""
        found: Ints = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64, copy=False)
        if found.size:
            self.faults.append(Fault(found, column, reason, expected))


def joined(pieces: Sequence[tuple[int, Parsed]]) -> Parsed:
    """The pieces of a column, each with its first row, put together.

    Examples
    --------
    >>> two = [(0, Parsed(pa.array([1, 2]))), (2, Parsed(pa.array([3]), {"x_day": pa.array([True])}))]
    >>> joined(two).values.to_pylist(), joined(two).beside["x_day"].to_pylist()
    ([1, 2, 3], [False, False, True])
    """
    if len(pieces) == 1:
        return pieces[0][1]
    whole = Parsed(pa.concat_arrays([piece.values for _, piece in pieces]))
    for name in dict.fromkeys(name for _, piece in pieces for name in piece.beside):  # marks of bare dates
        no = pa.scalar(False)
        marks = [piece.beside.get(name, pa.repeat(no, len(piece.values))) for _, piece in pieces]
        whole.beside[name] = pa.concat_arrays(marks)
    for first, piece in pieces:
        whole.faults += [replace(fault, rows=fault.rows + first) for fault in piece.faults]
    return whole


@dataclass(frozen=True)
class Currencies:
    """The currency of each row: a code of `words` (-1: none), and the digits of each word (-1: unknown)."""

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]
    places: npt.NDArray[np.int8]

    @property
    def row_places(self) -> npt.NDArray[np.int8]:
        """Digits a row, or one entry for all where there is only one currency."""
        if self.codes.size == 0 or (len(self.words) == 1 and (self.codes == 0).all()):
            return np.maximum(self.places[:1], 0) if len(self.words) else np.zeros(1, np.int8)
        return np.where(self.codes >= 0, np.maximum(self.places[self.codes], 0), np.int8(0)).astype(np.int8)

    @property
    def known(self) -> Flags:
        """Rows whose currency has known digits."""
        if not self.words:
            return np.zeros(self.codes.size, np.bool_)
        return (self.codes >= 0) & (self.places[self.codes] >= 0)

    def part(self, first: int, n: int) -> Currencies:
        """Those of some rows."""
        return Currencies(self.codes[first : first + n], self.words, self.places)

    def arrow(self) -> pa.Array | pa.ChunkedArray:
        """The codes as text."""
        if len(self.words) == 1 and (self.codes == 0).all():
            return constant(self.words[0], self.codes.size)
        indices = pa.array(self.codes, mask=self.codes < 0)
        return pc.take(pa.array(self.words, pa.large_string()), indices)


# ---------------------------------------------------------------- text


_PIECE = 1 << 16


def constant(text: str | None, n: int) -> pa.ChunkedArray:
    """The same text, or unknown, in every row: one piece again and again, which takes no memory.

    Examples
    --------
    >>> constant("a.csv", 100_000).nbytes < 2_000_000, constant(None, 2).to_pylist()
    (True, [None, None])
    """
    kind = pa.large_string()
    size = min(n, _PIECE)
    piece = pa.nulls(size, kind) if text is None else pa.repeat(pa.scalar(text, kind), size)
    whole, rest = divmod(n, _PIECE)
    return pa.chunked_array([piece] * whole + [piece.slice(0, rest)] * (rest > 0), kind)


def words_of(column: pa.ChunkedArray) -> list[str | None]:
    """The texts of a column, each once. Of one piece again and again, as of a constant, it looks at one.

    Examples
    --------
    >>> words_of(constant("a.csv", 200_000)), words_of(pa.chunked_array([["b", None], ["b"]]))
    (['a.csv'], ['b', None])
    """
    chunks = {
        (len(chunk), chunk.offset, *(b.address for b in chunk.buffers() if b is not None)): chunk
        for chunk in column.chunks
        if len(chunk)
    }
    found: dict[str | None, None] = {}
    for chunk in chunks.values():
        found.update(dict.fromkeys(pc.unique(chunk).to_pylist()))
    return list(found)


def one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece, dictionaries resolved."""
    array = column
    if isinstance(column, pa.ChunkedArray):  # what is one piece already is not copied
        array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # too large for one chunk of 32-bit offsets
        array = pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in array.chunks])
    if pa.types.is_dictionary(array.type):
        array = array.cast(pa.large_string()) if is_text(array.type.value_type) else array.dictionary_decode()
    return array


def marked(table: pa.Table, column: str) -> Flags:
    """Which rows have a mark; none where the table does not have the column.

    Examples
    --------
    >>> marked(pa.table({"indirect": [True, None, False]}), "indirect").tolist()
    [True, False, False]
    """
    if column not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    return np.asarray(pc.fill_null(one(table[column]), False).to_numpy(zero_copy_only=False), np.bool_)


EVER = np.int64(2**62)
"""A moment after all others, in microseconds; and before all others with a minus."""


def periods(table: pa.Table) -> tuple[Ints, Ints]:
    """From when each row of a table holds, and from when on it does no more, in microseconds.

    What has a bare date as its `until` and begins there holds until some time on that day, for a moment at
    least: a successor may begin with it.

    Examples
    --------
    >>> begins, ends = periods(pa.table({"since": pa.array([5, 5, None]), "until": pa.array([5, 5, 7]),
    ...                                  "until_day": [True, False, False]}))
    >>> (begins.tolist() == [5, 5, -EVER], ends.tolist())
    (True, [6, 5, 7])
    """

    def moments(column: str, empty: np.int64) -> Ints:
        if column not in table.column_names:
            return np.full(table.num_rows, empty, np.int64)
        values = pc.fill_null(one(table[column]).cast(pa.int64()), int(empty))
        return np.asarray(values.to_numpy(zero_copy_only=False), np.int64)

    begins, ends = moments("since", -EVER), moments("until", EVER)
    return begins, np.where(marked(table, "until_day") & (begins == ends), ends + 1, ends)


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds text."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as large_string: numbers in full (never in scientific notation), times in ISO 8601."""
    array = one(column)
    if pa.types.is_large_string(array.type):
        return array
    if pa.types.is_floating(array.type):
        # Shares and rates only: money and ids never come this way. The shortest text that means this number.
        said = [
            None if x is None or math.isnan(x) else np.format_float_positional(x, trim="-")
            for x in array.to_pylist()
        ]
        return pa.array(said, pa.large_string())
    if pa.types.is_decimal(array.type):
        text = array.cast(pa.large_string())
        short = pc.fill_null(pc.match_substring(text, "E"), False)
        if pc.any(short).as_py():  # Arrow writes 0.0000001 as 1E-7
            full = [format(value, "f") for value in array.filter(short).to_pylist()]
            text = pc.replace_with_mask(text, short, pa.array(full, pa.large_string()))
        return text
    if pa.types.is_timestamp(array.type) and array.type.tz:
        return pc.strftime(array.cast(pa.timestamp("us", "UTC")), "%Y-%m-%dT%H:%M:%SZ").cast(
            pa.large_string()
        )
    if (
        pa.types.is_binary(array.type)
        or pa.types.is_large_binary(array.type)
        or pa.types.is_nested(array.type)
    ):
        return pa.array([None if x is None else str(x) for x in array.to_pylist()], pa.large_string())
    return array.cast(pa.large_string())


def buffers(array: pa.Array) -> Buffers:
    """The offsets, bytes and validity of a large_string array, as the kernels take them."""
    n = len(array)
    _, offsets, data = array.buffers()
    where = (
        np.zeros(1, np.int64)
        if n == 0
        else np.frombuffer(offsets, np.int64)[array.offset : array.offset + n + 1]
    )
    what = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
    known = np.zeros(0, np.uint8)
    if array.null_count:
        known = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
    return readonly(where), readonly(what), readonly(known)


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, not writable: so a kernel is compiled for one kind of array only."""
    view = array.view()
    view.flags.writeable = False
    return view


def clean(array: pa.Array) -> pa.Array:
    """Text without blanks at its ends, empty text as unknown."""
    if kernel.padded(*buffers(array)):
        array = pc.utf8_trim(array, BLANKS)
    return emptied(array)


def emptied(array: pa.Array) -> pa.Array:
    """Empty text as unknown."""
    empty = pc.equal(pc.binary_length(array), 0)
    if pc.any(empty).as_py():
        array = pc.if_else(empty, pa.scalar(None, array.type), array)
    return array


# ---------------------------------------------------------------- kinds


def read_text(column: Any, spec: ColumnSpec) -> Parsed:
    """Free text: as it is."""
    return Parsed(emptied(as_text(column)))


def read_id(column: Any, spec: ColumnSpec) -> Parsed:
    """Ids: text that is no damaged number."""
    array = clean(as_text(column))
    codes = kernel.ids(*buffers(array))
    parsed = Parsed(array)
    if codes.max(initial=0) > kernel.EMPTY:
        parsed.fault(codes == kernel.LOST_DIGITS, spec.name, LOST, AN_ID)
        parsed.fault(codes == kernel.TOO_LONG, spec.name, TOO_LONG, f"{DECIMALS_OF_ID}: {kernel.LONGEST_ID}")
        parsed.fault(codes == kernel.CONTROL, spec.name, CONTROL, AN_ID)
    return parsed


DECIMALS_OF_ID = N_("bytes, at most")


def read_enum(column: Any, spec: ColumnSpec) -> Parsed:
    """One of the words."""
    array = clean(as_text(column))
    coded = array.dictionary_encode()
    bad = ~np.isin(coded.dictionary.to_numpy(zero_copy_only=False), spec.words)
    parsed = Parsed(array)
    if bad.any():
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        wrong = (codes >= 0) & bad[codes]
        parsed.fault(wrong, spec.name, NO_WORD, f"{ONE_OF}: {', '.join(spec.words)}")
    return parsed


def read_bool(column: Any, spec: ColumnSpec) -> Parsed:
    """Yes, no, or unknown."""
    array = one(column)
    if pa.types.is_boolean(array.type):
        return Parsed(array)
    array = clean(as_text(array))
    coded = array.dictionary_encode()
    words = coded.dictionary.to_pylist()
    meaning = pa.array([True if w in _TRUE else False if w in _FALSE else None for w in words], pa.bool_())
    parsed = Parsed(pc.take(meaning, coded.indices))
    wrong = pc.and_(array.is_valid(), parsed.values.is_null()).to_numpy(zero_copy_only=False)
    parsed.fault(wrong, spec.name, NO_BOOL, f"{ONE_OF}: true, false, 1, 0, 是, 否")
    return parsed


def read_rate(column: Any, spec: ColumnSpec) -> Parsed:
    """A fraction that multiplies nothing: a double."""
    array = one(column)
    if pa.types.is_floating(array.type):
        values = array.cast(pa.float64())
        array_known = pc.and_(values.is_valid(), pc.invert(pc.is_nan(values)))
        values = pc.if_else(array_known, values, pa.scalar(None, pa.float64()))
        parsed = Parsed(values)
    else:
        array = clean(as_text(array))
        number = pc.match_substring_regex(array, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$")
        parsed = Parsed(pc.if_else(number, array, pa.scalar(None, array.type)).cast(pa.float64()))
        wrong = pc.invert(pc.fill_null(number, True)).to_numpy(zero_copy_only=False)
        parsed.fault(wrong, spec.name, NO_NUMBER, A_SHARE)
    inside = pc.and_(pc.greater_equal(parsed.values, 0.0), pc.less_equal(parsed.values, 1.0))
    parsed.fault(~pc.fill_null(inside, True).to_numpy(zero_copy_only=False), spec.name, OUTSIDE, A_SHARE)
    return parsed


def read_integer(column: Any, spec: ColumnSpec) -> Parsed:
    """A whole number of 64 bits."""
    array = one(column)
    if pa.types.is_signed_integer(array.type) or array.type in (pa.uint8(), pa.uint16(), pa.uint32()):
        parsed = Parsed(array.cast(pa.int64()))
    else:
        if pa.types.is_floating(array.type):
            array = as_text(array)
        array = clean(as_text(array))
        values, codes = kernel.decimals(*buffers(array), readonly(np.zeros(1, np.int8)), False)
        parsed = Parsed(_ints(values, codes == kernel.GOOD))
        wrong = (codes == kernel.NOT_A_NUMBER) | (codes == kernel.TOO_FINE)
        parsed.fault(wrong, spec.name, NO_WHOLE_NUMBER, A_WHOLE_NUMBER)
        parsed.fault(codes == kernel.EXPONENT, spec.name, EXPONENT, A_WHOLE_NUMBER)
        parsed.fault(codes == kernel.TOO_LARGE, spec.name, TOO_LARGE, A_WHOLE_NUMBER)
    for bound, beyond in ((spec.least, pc.less), (spec.greatest, pc.greater)):
        if bound is not None:
            outside = pc.fill_null(beyond(parsed.values, bound), False).to_numpy(zero_copy_only=False)
            parsed.fault(outside, spec.name, OUTSIDE, f"{BOUNDS}: {_bounds(spec)}")
    return parsed


A_WHOLE_NUMBER = N_("a whole number, in digits")


def _bounds(spec: ColumnSpec) -> str:
    return f"{'' if spec.least is None else spec.least}, {'' if spec.greatest is None else spec.greatest}"


def read_share(column: Any, spec: ColumnSpec) -> Parsed:
    """A stated share: parts per billion, the text kept where it had more decimals."""
    array = clean(as_text(column))
    values, codes = kernel.decimals(*buffers(array), readonly(np.full(1, SHARE_DIGITS, np.int8)), True)
    fine = codes == kernel.TOO_FINE
    parsed = Parsed(_ints(values, (codes == kernel.GOOD) | fine), rounded=int(fine.sum()))
    parsed.fault(codes == kernel.NOT_A_NUMBER, spec.name, NO_NUMBER, A_SHARE)
    # What rounds into the bounds from beyond them is still beyond them.
    edge = fine & ((values == 0) | (values == 10**SHARE_DIGITS))
    beyond = np.zeros(len(array), np.bool_)
    for row in np.flatnonzero(edge):
        said = array[int(row)].as_py().lstrip("+")
        beyond[row] = (values[row] > 0 and not _at_most_one(said)) or said.startswith("-")
    outside = ((values < 0) | (values > 10**SHARE_DIGITS) | (codes == kernel.TOO_LARGE) | beyond) & (
        codes != kernel.EMPTY
    )
    parsed.fault(outside, spec.name, OUTSIDE, A_SHARE)
    if fine.any():
        stated = pc.if_else(pa.array(fine), array, pa.scalar(None, array.type))
        parsed.beside[f"{spec.name}_stated"] = stated
    return parsed


def _at_most_one(said: str) -> bool:
    from decimal import Decimal

    return Decimal(said) <= 1


def read_money(column: Any, spec: ColumnSpec, currencies: Currencies, minor: bool) -> Parsed:
    """Decimal text of major units to minor units; whole numbers only where they are minor units already."""
    array = one(column)
    known = currencies.known
    units = _units(array, currencies)
    if pa.types.is_integer(array.type) and minor:
        parsed = Parsed(array.cast(pa.int64()))
    elif units is not None:
        parsed = Parsed(units)
    else:
        array = clean(as_text(array))
        places = currencies.row_places
        values, codes = kernel.decimals(*buffers(array), readonly(places), False)
        parsed = Parsed(_ints(values, (codes == kernel.GOOD) & known))
        if codes.max(initial=0) > kernel.EMPTY:
            parsed.fault(codes == kernel.NOT_A_NUMBER, spec.name, NO_NUMBER, A_NUMBER)
            parsed.fault(codes == kernel.EXPONENT, spec.name, EXPONENT, A_NUMBER)
            parsed.fault(codes == kernel.TOO_LARGE, spec.name, TOO_LARGE, IN_RANGE)
            for said in sets.unique(places):
                fine = (codes == kernel.TOO_FINE) & known & ((places == said) if places.size > 1 else True)
                parsed.fault(fine, spec.name, TOO_FINE, f"{DECIMALS}: {said}")
    if spec.greatest is not None:
        parsed.fault(beyond(parsed.values, spec.greatest), spec.name, TOO_LARGE, DIVISIBLE)
    return parsed


def _units(array: pa.Array, currencies: Currencies) -> pa.Array | None:
    """Decimals whose digits are minor units of the one currency already; None: to be read as text.

    Examples
    --------
    >>> from decimal import Decimal
    >>> cents = Currencies(np.zeros(2, np.int32), ("CNY",), np.array([2], np.int8))
    >>> _units(pa.array([Decimal("-1.50"), None]), cents).to_pylist()
    [-150, None]
    """
    places = currencies.row_places
    if not pa.types.is_decimal128(array.type) or places.size != 1 or not currencies.known.all():
        return None
    if array.type.scale != places[0] or len(array) == 0 or sys.byteorder != "little":
        return None
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset :][: 2 * len(array)].reshape(-1, 2)
    low, high = words[:, 0], words[:, 1]
    if (high != low >> 63).any() or low.min() == np.iinfo(np.int64).min:  # more than is read out of text
        return None
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    return pa.array(np.ascontiguousarray(low), mask=missing)


def beyond(values: Any, greatest: int) -> Flags:
    """Rows whose amount is further from zero than that."""
    least_and_most = pc.min_max(values).as_py()
    if max(abs(bound or 0) for bound in least_and_most.values()) <= greatest:
        return np.zeros(len(values), np.bool_)
    found = pc.or_(pc.greater(values, greatest), pc.less(values, -greatest))
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), np.bool_)


def _ints(values: Ints, good: Flags) -> pa.Array:
    return pa.array(values) if good.all() else pa.array(values, mask=~good)


def read_currency(
    column: Any, n: int, spec: ColumnSpec, digits: Mapping[str, int], default: str | None
) -> tuple[Currencies, list[Fault]]:
    """Currencies of the rows; an empty one is `default`, or none."""
    if column is None:
        codes = np.zeros(n, np.int32) if default is not None else np.full(n, -1, np.int32)
        words: tuple[str, ...] = (default,) if default is not None else ()
        return Currencies(codes, words, np.array([digits.get(w, -1) for w in words], np.int8)), []
    coded = clean(as_text(column)).dictionary_encode()
    said: list[str] = coded.dictionary.to_pylist()
    words_of = [w if w in digits else w.upper() for w in said]
    words = tuple(dict.fromkeys([*words_of, *([default] if default is not None else [])]))
    place = {w: i for i, w in enumerate(words)}
    codes = pc.fill_null(coded.indices, len(said)).to_numpy(zero_copy_only=False)
    meaning = np.array(
        [*(place[w] for w in words_of), place[default] if default is not None else -1], np.int32
    )
    codes = meaning[codes]
    places = np.array([digits.get(w, -1) for w in words], np.int8)
    parsed = Parsed(coded)
    bad = np.array([*(places < 0), False])
    if bad[:-1].any():
        parsed.fault(bad[codes], spec.name, NO_CURRENCY, A_CURRENCY)
    return Currencies(codes, words, places), parsed.faults


# ---------------------------------------------------------------- time


def read_time(column: Any, spec: ColumnSpec, timezone: str) -> Parsed:
    """Times to UTC microseconds; ``X_day`` marks bare dates, which are the first moment of the local day."""
    parsed = _moments(column, spec, timezone)
    if spec.least is not None and spec.greatest is not None:
        first, last = _new_year(spec.least, timezone), _new_year(spec.greatest + 1, timezone)
        found = pc.min_max(parsed.values.cast(pa.int64())).as_py()
        if found["min"] is not None and not first <= found["min"] <= found["max"] < last:
            stamps = pc.fill_null(parsed.values.cast(pa.int64()), first).to_numpy(zero_copy_only=False)
            outside = (stamps < first) | (stamps >= last)
            parsed.fault(outside, spec.name, IMPLAUSIBLE, f"{YEARS}: {spec.least}, {spec.greatest}")
    elif len(parsed.values):
        parsed.values = _within_calendar(parsed.values)
    return parsed


def _within_calendar(values: pa.Array) -> pa.Array:
    """The first and the last local day of the calendar may begin before it, and end after it, in UTC.

    No date of Python's could say so; the moment stays on its own local day.
    """
    first, last = (pa.scalar(np.datetime64(text, "us")).cast(values.type) for text in _CALENDAR)
    found = pc.min_max(values)
    if not found["min"].is_valid or (found["min"].value >= first.value and found["max"].value <= last.value):
        return values
    return pc.if_else(pc.less(values, first), first, pc.if_else(pc.greater(values, last), last, values))


_CALENDAR = ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999")


def _new_year(year: int, timezone: str) -> int:
    """The first moment of a year in a time zone."""
    start = pa.array([np.datetime64(f"{year:04d}-01-01", "us")])
    local = pc.assume_timezone(start, timezone, ambiguous="earliest", nonexistent="latest")
    moment: int = local.cast(pa.int64())[0].as_py()
    return moment


def _moments(column: Any, spec: ColumnSpec, timezone: str) -> Parsed:
    array = one(column)
    kind = array.type
    parsed = Parsed(array)
    if pa.types.is_timestamp(kind):
        whole, parsed = _in_microseconds(array, spec)
        if kind.tz:
            parsed.values = whole.cast(pa.timestamp("us", "UTC"))
        else:
            known = whole.is_valid().to_numpy(zero_copy_only=False)
            local = pc.fill_null(whole.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
            _localise(parsed, spec, local, known, np.zeros(len(array), np.bool_), timezone)
        return parsed
    if pa.types.is_date(kind):
        days = array.cast(pa.date32()).cast(pa.timestamp("us"))
        known = days.is_valid().to_numpy(zero_copy_only=False)
        local = pc.fill_null(days.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        _localise(parsed, spec, local, known, known, timezone)
        return parsed
    array = clean(as_text(array))
    local, zones, bare, codes = kernel.times(*buffers(array))
    good = codes == kernel.GOOD
    if codes.max(initial=0) > kernel.EMPTY:
        parsed.fault(codes == kernel.NOT_A_TIME, spec.name, NO_TIME, A_TIME)
        parsed.fault(codes == kernel.NO_SUCH_TIME, spec.name, NO_SUCH_TIME, A_TIME)
        parsed.fault(codes == kernel.TOO_FINE, spec.name, FINER, A_TIME)
    stated = zones != kernel.NO_OFFSET
    if stated.any():
        utc = local - np.where(stated, zones, 0).astype(np.int64) * 60_000_000
        if stated[good].all():
            parsed.values = pa.array(utc, mask=None if good.all() else ~good).cast(pa.timestamp("us", "UTC"))
            return parsed
        _localise(parsed, spec, local, good & ~stated, bare.view(np.bool_), timezone)
        values = pc.fill_null(parsed.values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        found = parsed.values.is_valid().to_numpy(zero_copy_only=False) | (good & stated)
        parsed.values = pa.array(np.where(stated, utc, values), mask=~found).cast(pa.timestamp("us", "UTC"))
        return parsed
    _localise(parsed, spec, local, good, bare.view(np.bool_), timezone)
    return parsed


def _in_microseconds(array: pa.Array, spec: ColumnSpec) -> tuple[pa.Array, Parsed]:
    target = pa.timestamp("us", array.type.tz)
    try:
        whole = array.cast(target)
        return whole, Parsed(whole)
    except pa.ArrowInvalid:  # nanoseconds that microseconds do not hold
        whole = array.cast(target, safe=False)
        fine = pc.not_equal(whole.cast(array.type, safe=False), array)
        parsed = Parsed(whole)
        parsed.fault(pc.fill_null(fine, False).to_numpy(zero_copy_only=False), spec.name, FINER, A_TIME)
        return whole, parsed


def _localise(parsed: Parsed, spec: ColumnSpec, local: Ints, good: Flags, bare: Flags, timezone: str) -> None:
    """Local microseconds to UTC, in place: an hour that is twice or never is a fault, but no bare date."""
    utc = pa.timestamp("us", "UTC")
    if timezone == "UTC":
        parsed.values = _masked(local, good).cast(pa.timestamp("us")).cast(utc)
    else:
        first, shifts = _shifts(local, good, timezone)
        moments, odd = kernel.shifted(readonly(local), readonly(good.view(np.uint8)), first, shifts)
        rows = np.flatnonzero(odd)
        if rows.size == 0:
            parsed.values = _masked(moments, good).cast(utc)
        else:  # on a day when clocks change: time by time
            known = good.copy()
            moments[rows], known[rows] = _odd_days(parsed, spec, local[rows], rows, bare[rows], timezone)
            parsed.values = _masked(moments, known).cast(utc)
    days = bare & good
    if days.any():
        parsed.beside[f"{spec.name}_day"] = pa.array(days)


def _masked(values: Ints, good: Flags) -> pa.Array:
    return pa.array(values, mask=None if good.all() else ~good)


_DAY = 86_400_000_000
_ODD = np.int64(2**62)
_MOST_DAYS = 200_000


def _shifts(local: Ints, good: Flags, timezone: str) -> tuple[int, Ints]:
    """What to add to the local times of each day, from the first day on; `_ODD` where clocks change.

    No zone changes its clocks twice in two days: what holds at both ends of a day holds in it.
    """
    seen = pc.min_max(_masked(local, good)).as_py()
    if seen["min"] is None:
        return 0, np.zeros(1, np.int64)
    first, last = seen["min"] // _DAY, seen["max"] // _DAY
    days = np.arange(first, min(last, first + _MOST_DAYS) + 1) * _DAY  # beyond them every day counts as odd
    ends = []
    for stamps in (days, days + _DAY - 1):
        for side in ("earliest", "latest"):
            moments = pc.assume_timezone(
                pa.array(stamps).cast(pa.timestamp("us")), timezone, ambiguous=side, nonexistent=side
            )
            ends.append(moments.cast(pa.int64()).to_numpy() - stamps)
    plain = (ends[0] == ends[1]) & (ends[0] == ends[2]) & (ends[0] == ends[3])
    return first, np.where(plain, ends[0], _ODD)


def _odd_days(
    parsed: Parsed, spec: ColumnSpec, local: Ints, rows: Ints, bare: Flags, timezone: str
) -> tuple[Ints, Flags]:
    """Local times of some rows to UTC, and whether each is one moment: an hour may be twice or never."""
    stamps = pa.array(local).cast(pa.timestamp("us"))
    early = pc.assume_timezone(stamps, timezone, ambiguous="earliest", nonexistent="earliest")
    late = pc.assume_timezone(stamps, timezone, ambiguous="latest", nonexistent="latest")
    differ = pc.not_equal(early, late).to_numpy(zero_copy_only=False)
    twice = pc.equal(pc.local_timestamp(early), stamps).to_numpy(zero_copy_only=False)
    parsed.fault(rows[differ & twice & ~bare], spec.name, TWICE, WITH_OFFSET)
    parsed.fault(rows[differ & ~twice & ~bare], spec.name, NEVER, WITH_OFFSET)
    # A day begins with the earlier of two midnights, and after the gap where it has none.
    moments = np.where(differ & ~twice & bare, *(side.cast(pa.int64()).to_numpy() for side in (late, early)))
    return moments, ~(differ & ~bare)


READERS: Mapping[str, Callable[[Any, ColumnSpec], Parsed]] = {
    "id": read_id,
    "text": read_text,
    "enum": read_enum,
    "bool": read_bool,
    "rate": read_rate,
    "integer": read_integer,
    "share": read_share,
}
"""The readers of kinds that need nothing but the column."""


def accepts(spec: ColumnSpec, kind: pa.DataType, minor: bool) -> str:
    """What is wrong with a column's type, as a message id; empty where nothing is."""
    if is_text(kind):
        return ""
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if spec.kind == "id" and not is_text(kind):
        return N_("ids are text, never numbers: this column is {type}")
    if spec.kind == "money":
        if pa.types.is_floating(kind):
            return N_("money is never floating-point: this column is {type}")
        if pa.types.is_integer(kind) and not minor:
            return N_(
                "whole numbers are not taken for money unless money='minor' says that they are minor units"
            )
        return "" if number else N_("money is text or Decimal: this column is {type}")
    if spec.kind == "time" and not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return N_("times are text or timestamps: this column is {type}")
    if spec.kind in ("enum", "currency"):
        return N_("words are text: this column is {type}")
    return ""


def nearly(column: str, known: Iterable[str]) -> str | None:
    """The one of some names that another is nearly: a slip of the pen, or written in another way.

    Examples
    --------
    >>> [nearly(column, ["votes", "nominee_for"]) for column in ("vote", "Nominee for", "nominee", "remark")]
    ['votes', 'nominee_for', None, None]
    """
    import difflib

    plain = "_".join(column.lower().replace("-", " ").split())
    return next(iter(difflib.get_close_matches(plain, [*known], 1, 0.81)), None)


def names(columns: Sequence[str], known: Sequence[str]) -> str:
    """Names that exist, the nearest to those given first.

    Examples
    --------
    >>> names(["amout"], ["time", "amount"])
    'amount, time'
    """
    import difflib

    near = [n for c in columns for n in difflib.get_close_matches(c, known, 3)]
    return ", ".join(dict.fromkeys([*near, *known]))
