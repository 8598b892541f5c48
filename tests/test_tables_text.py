"""The text kernels against their naive twins, on texts made to be nearly right."""

from __future__ import annotations

import datetime
import pathlib
import struct
import zoneinfo
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphflow.kernels import text as kernel
from graphflow.tables.columns import BLANKS, buffers, clean, read_time
from graphflow.tables.schema import ColumnSpec
from tests.cases import kept
from tests.naive import text as naive


def laid(texts: list[str | None]) -> tuple:
    """Texts as the kernels take them; a slice of something longer, as Arrow's arrays may be."""
    return buffers(pa.array(["before", None, *texts, "after"], pa.large_string()).slice(2, len(texts)))


def keys_of(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in pairs], np.uint64), np.array([b for _, b in pairs], np.uint64)


digits = st.text("0123456789", max_size=24)
numbers = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "-", "+", " ", "--"]),
        digits,
        st.sampled_from(["", ".", ".", ",", ".."]),
        st.one_of(digits, st.just("000"), st.just("0000000000000000000000000005"), st.just("5")),
        st.sampled_from(["", "", "", "e5", "E-3", "E+17", "e", "E+", "e-400", "e9999999999999", "元", "NaN"]),
    ),
)
texts = st.lists(st.none() | numbers | st.text(max_size=8), max_size=12)


def places_of(*places: int) -> np.ndarray:
    """Digits after the point, read-only as the columns of a currency: another type would be compiled anew."""
    return kept(np.array(places, np.int8))


@given(texts, st.integers(0, 9))
@example(
    [
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775807",
        "0" * 30 + "1",
        "9223372036854775800",
    ],
    0,
)
@example(["92233720368547758.07", "92233720368547758.08", "9" * 19, "1" + "0" * 17], 2)
@example(["0.125", "0.1250", ".5", "5.", ".", "+.5", "-0", "1.2.3"], 2)
def test_money_is_read_as_the_twin_reads_it(given_texts, places):
    values, codes = kernel.decimals(*laid(given_texts), places_of(places), False)
    assert (values.tolist(), codes.tolist()) == naive.decimals(given_texts, [places], False)


@given(texts)
@example(
    ["0.0000000005", "0.0000000015", "0.00000000050000000000000000000001", "5e-10", "15e-10", "0.9999999995"]
)
@example(["1E-400", "1e9999999999", "0e9999999", "123e-2", "1.0E-4", "0.32606821811373277"])
def test_shares_are_rounded_as_the_twin_rounds_them(given_texts):
    values, codes = kernel.decimals(*laid(given_texts), places_of(9), True)
    assert (values.tolist(), codes.tolist()) == naive.decimals(given_texts, [9], True)


@given(st.lists(st.tuples(numbers, st.integers(0, 6)), min_size=2, max_size=10))
def test_money_of_several_currencies_has_the_digits_of_each(rows):
    given_texts, places = [t for t, _ in rows], [p for _, p in rows]
    values, codes = kernel.decimals(*laid(given_texts), places_of(*places), False)
    assert (values.tolist(), codes.tolist()) == naive.decimals(given_texts, places, False)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15))
def test_every_amount_of_two_decimals_comes_back(amount):
    values, codes = kernel.decimals(*laid([format(amount, "f")]), places_of(2), False)
    assert codes[0] == kernel.GOOD
    assert Decimal(int(values[0])) == amount * 100


parts = st.integers(0, 99).map(lambda n: f"{n:02d}")
stamps = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["2016", "1988", "0001", "9999", "0000", "20", "2000", "1900"]),
        st.sampled_from(["-", "/", ".", "", "-"]),
        st.sampled_from(["01", "02", "4", "12", "13", "00", "2"]),
        st.sampled_from(["-", "/", ".", "", "-"]),
        st.sampled_from(["01", "29", "30", "31", "5", "00", "32"]),
        st.sampled_from(["", "T", " ", "t", "  ", "X"]),
        st.sampled_from(
            ["", "10:15", "9:05:30", "24:00:00", "24:00:01", "23:59:59.999999", "1015", "101530", "10"]
        ),
        st.sampled_from(["", ".5", ",123456", ".1234567", ".1230000", ".", ":30"]),
        st.sampled_from(["", "", "Z", "z", "+08:00", "-0530", "+08", "+19:00", "+08:60", "+8", " "]),
    ),
)


@given(st.lists(st.none() | stamps | st.text("0123456789-/:T. Z+", max_size=26), max_size=12))
@example(["20160414093000", "201604140930", "20160414", "2016041409300", "20160414T093000Z"])
@example(["2016041409:30", "201604149:30:00"])
@example(
    ["2016-04/14", "2016-4-1", "2016/4/1 9:05", "2016-04-14T", "2016-04-14Z", "2100-02-29", "2000-02-29"]
)
def test_times_are_read_as_the_twin_reads_them(given_texts):
    values, zones, bare, codes = kernel.times(*laid(given_texts))
    for text, row, *ours in zip(
        given_texts, naive.times(given_texts), values, zones, bare, codes, strict=True
    ):
        value, zone, day, code = row
        assert ours[3] == code, text
        if code == kernel.GOOD:
            assert ours[:3] == [value, zone, day], text


@given(st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)))
def test_every_time_that_python_writes_is_read(stamp):
    values, _, bare, codes = kernel.times(*laid([stamp.isoformat(), stamp.date().isoformat()]))
    since = stamp - datetime.datetime(1970, 1, 1)
    assert codes.tolist() == [0, 0] and bare.tolist() == [0, 1]
    assert values[0] == (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


strange = st.sampled_from(
    ["1.23E+17", "12E3", "6.2e+18", "1.5E5", "123456789012345678.0", "93.0", "1234567890123456.00", "+5E+3"]
    + ["1234567890123456.10", "a\nb", "a\x00", "x" * 1001, "x" * 1000, "名" * 334, "007", "62284804001234567"]
    + ["1.", "1.E+5", "E+5", "1E+"]
)


@given(
    st.lists(st.none() | strange | st.text(max_size=6) | st.text("0123456789.eE+-", max_size=8), max_size=12)
)
def test_ids_are_doubted_as_the_twin_doubts_them(given_texts):
    assert kernel.ids(*laid(given_texts)).tolist() == naive.ids(given_texts)


@given(st.lists(st.none() | st.text(max_size=4) | st.text(BLANKS + "a中", max_size=4), max_size=12))
@example(["\x7f", "\x85a", "a\u2009", "a\u200b", "\ufeffa", "\u3000", " "])
def test_no_blank_edge_is_overlooked(given_texts):
    assert kernel.padded(*laid(given_texts)) >= naive.padded(given_texts)
    cleaned = clean(pa.array(given_texts, pa.large_string())).to_pylist()
    assert cleaned == [None if t is None else t.strip(BLANKS) or None for t in given_texts]


anything = st.lists(st.none() | st.text(max_size=30), max_size=12)
pairs = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(anything, st.data())
@pytest.mark.filterwarnings("ignore:overflow")
def test_keys_are_stirred_as_the_twin_stirs_them(given_texts, data):
    start = data.draw(st.lists(pairs, min_size=len(given_texts), max_size=len(given_texts)))
    values = data.draw(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=len(start), max_size=len(start))
    )
    first, second = keys_of(start)
    kernel.stir_text(first, second, *laid(given_texts))
    expected = naive.stir_text(start, given_texts)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected
    known = np.array([v is not None for v in values], np.uint8)
    kernel.stir_numbers(first, second, np.array([v or 0 for v in values], np.int64), known)
    expected = naive.stir_numbers(expected, values)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected
    assert kernel.hex_keys(first, second).tobytes().decode() == "".join(naive.hex_keys(expected))


@given(anything)
@pytest.mark.filterwarnings("ignore:overflow")
def test_texts_are_hashed_and_matched_as_the_twin_does(given_texts):
    given_texts = given_texts + given_texts[::2]
    keys = kernel.hash64(*laid(given_texts))
    assert keys.tolist() == naive.hash64(given_texts)
    assert kernel.first_of(keys, *laid(given_texts)).tolist() == naive.first_of(given_texts)


@given(st.lists(st.text(max_size=2), max_size=30))
def test_texts_with_equal_keys_are_still_told_apart(given_texts):
    collided = np.full(len(given_texts), 7, np.uint64)
    assert kernel.first_of(collided, *laid(given_texts)).tolist() == naive.first_of(given_texts)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2)), max_size=40))
@pytest.mark.filterwarnings("ignore:overflow")
def test_identical_rows_are_numbered_within_their_file(rows):
    start, groups = [(a, b) for a, b, _ in rows], [g for *_, g in rows]
    ours = kernel.ordinals(*keys_of(start), np.array(groups, np.int32))
    assert ours.tolist() == naive.ordinals(start, groups)


def changes_of(zone: pathlib.Path) -> list[int]:
    """When a zone's offset changes, in seconds, out of its file (RFC 8536)."""
    raw = zone.read_bytes()
    at, wide = 0, 4
    isut, isstd, leap, times, types, chars = struct.unpack(">6l", raw[20:44])
    if raw[4:5] >= b"2":
        at = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
        isut, isstd, leap, times, types, chars = struct.unpack(">6l", raw[at + 20 : at + 44])
        wide = 8
    at += 44
    when = struct.unpack(f">{times}{'q' if wide == 8 else 'l'}", raw[at : at + times * wide])
    kinds = raw[at + times * wide :][:times]
    at += times * (wide + 1)
    offsets = [struct.unpack(">l", raw[at + 6 * k : at + 6 * k + 4])[0] for k in range(types)]
    return [
        t for t, now, before in zip(when, kinds, [0, *kinds], strict=False) if offsets[now] != offsets[before]
    ]


def zones() -> dict[str, pathlib.Path]:
    for folder in map(pathlib.Path, zoneinfo.TZPATH):
        found = {name: folder / name for name in sorted(zoneinfo.available_timezones())}
        found = {name: file for name, file in found.items() if file.is_file()}
        if found:
            return found
    raise AssertionError("this system keeps no time zones in files")


def test_no_zone_changes_its_clocks_twice_in_two_days():
    found = zones()
    assert len(found) > 300
    for name, file in found.items():
        changes = changes_of(file)
        assert min(np.diff(changes), default=10**9) > 2 * 86_400, name


def test_local_times_near_every_change_of_clocks_are_what_each_would_be_alone():
    near = [0, -1, 1, 1_800_000_000, -1_800_000_000, 43_200_000_000, -43_200_000_000, 86_400_000_000]
    checked = 0
    for name, file in list(zones().items())[::7]:
        changes = np.array([t for t in changes_of(file) if abs(t) < 2**32], np.int64) * 1_000_000
        for hours in (-9, 0, 8):
            local = (changes[:, None] + np.array(near) + hours * 3_600_000_000).ravel()
            if local.size == 0:
                continue
            stamps = pa.array(local).cast(pa.timestamp("us"))
            parsed = read_time(stamps, ColumnSpec("time", "time"), name)
            early, late = (
                pc.assume_timezone(stamps, name, ambiguous=side, nonexistent=side).cast(
                    pa.timestamp("us", "UTC")
                )
                for side in ("earliest", "latest")
            )
            sure = pc.equal(early, late)
            assert parsed.values.equals(pc.if_else(sure, early, pa.scalar(None, early.type))), name
            assert sum(fault.rows.size for fault in parsed.faults) == pc.sum(pc.invert(sure)).as_py()
            checked += local.size
    assert checked > 100_000
